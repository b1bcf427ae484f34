/** The fewest pods that must leave a node so that a more important one fits there. */
import type { FilterPlugin, Profile } from './framework.ts';
import type { PodInfo } from './pod-info.ts';
import { type Prepared, preparedFor } from './ranking.ts';
import { type Refused, firstRefusal } from './reserved.ts';
import type { Snapshot } from './snapshot.ts';
import { Trial } from './trial.ts';

export interface Candidate {
  readonly row: number;
  /** The most important one first. None when those that end anyway are enough. */
  readonly victims: readonly PodInfo[];
  /** How many of them a disruption budget protects. */
  readonly violations: number;
}

/** Why no pod's end would help on a node. */
export interface NoVictims {
  readonly reasons: readonly string[];
  /** What refuses the pod also without those that it may preempt. */
  readonly refusedBy: FilterPlugin | undefined;
}

/** What is known now of the pods on nodes. */
export interface PodFacts {
  /** It ends, or is about to be told to: it need not be preempted. */
  isLeaving(info: PodInfo): boolean;
  /** Milliseconds since 1970; Infinity when it has not started. */
  startOf(info: PodInfo): number;
  /** By the disruption budgets as they are now. */
  protection(): Protection;
}

/** Those among the pods, the most important first, whose end would be one too many for a disruption budget. */
export type Protection = (pods: readonly PodInfo[]) => ReadonlySet<PodInfo>;

export interface Surroundings {
  readonly profile: Profile;
  readonly snapshot: Snapshot;
  readonly facts: PodFacts;
  readonly protectedAmong: Protection;
}

const NO_VICTIMS: NoVictims = { reasons: ['No preemption victims found for incoming pod'], refusedBy: undefined };

export function victimsOn(
  row: number,
  info: PodInfo,
  { profile, snapshot, facts, protectedAmong }: Surroundings,
): Candidate | NoVictims {
  const potential = [...(snapshot.pods[row] ?? [])].filter(({ priority }) => priority < info.priority);
  if (potential.length === 0) return NO_VICTIMS;
  const ahead = snapshot.nominations.ahead(snapshot.names[row] ?? '', info);
  const trial = new Trial(snapshot, row);
  try {
    for (const other of ahead) trial.add(other);
    for (const other of potential) trial.remove(other);
    const prepared = preparedFor(profile, info, snapshot, ['node', 'cluster']);
    const refusal = (): Refused | undefined => refusalBeside(ahead, trial, prepared, row);
    const why = refusal();
    if (why) return { reasons: why.refusal.reasons, refusedBy: why.plugin };
    const staying = potential.filter((each) => !facts.isLeaving(each)).toSorted(byImportance(facts));
    const guarded = protectedAmong(staying);
    const victims = new Set<PodInfo>();
    // Pods under a budget are the first that may stay, and the most important ones before others.
    for (const each of [...staying].sort((a, b) => Number(guarded.has(b)) - Number(guarded.has(a)))) {
      trial.add(each);
      if (!refusal()) continue;
      trial.remove(each);
      victims.add(each);
    }
    return {
      row,
      victims: staying.filter((each) => victims.has(each)),
      violations: staying.filter((each) => victims.has(each) && guarded.has(each)).length,
    };
  } finally {
    trial.undo();
  }
}

/** The pod must fit beside the nominated ones that are ahead of it, and must not rely on their coming. */
function refusalBeside(
  ahead: readonly PodInfo[],
  trial: Trial,
  prepared: readonly Prepared[],
  row: number,
): Refused | undefined {
  const beside = firstRefusal(prepared, row);
  if (beside || ahead.length === 0) return beside;
  for (const other of ahead) trial.remove(other);
  const alone = firstRefusal(prepared, row);
  for (const other of ahead) trial.add(other);
  return alone;
}

/** By priority, then whoever has run for longer. */
function byImportance(facts: PodFacts): (a: PodInfo, b: PodInfo) => number {
  return (a, b) => b.priority - a.priority || compareStarts(facts.startOf(a), facts.startOf(b));
}

function compareStarts(a: number, b: number): number {
  return a === b ? 0 : a < b ? -1 : 1;
}

/** So that the best one comes first: whose victims are missed least. */
export function compareCandidates(a: Candidate, b: Candidate, facts: PodFacts): number {
  return (
    a.violations - b.violations ||
    compareStarts(highestPriority(a), highestPriority(b)) ||
    prioritySum(a) - prioritySum(b) ||
    a.victims.length - b.victims.length ||
    compareStarts(startOfHighest(b, facts), startOfHighest(a, facts))
  );
}

function highestPriority({ victims }: Candidate): number {
  return victims[0]?.priority ?? -Infinity;
}

/** Raised so that none is below zero: few pods are better than many also when their priorities are negative. */
function prioritySum({ victims }: Candidate): number {
  return victims.reduce((sum, { priority }) => sum + priority + 2 ** 31, 0);
}

/** When the first of the most important victims started. */
function startOfHighest({ victims }: Candidate, facts: PodFacts): number {
  const highest = victims[0]?.priority;
  return Math.min(...victims.filter(({ priority }) => priority === highest).map((each) => facts.startOf(each)));
}
