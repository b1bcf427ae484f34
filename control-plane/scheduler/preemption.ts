/**
 * What to do for a pod that no node takes: which pods of lower priority would have to go, and from which node. Only
 * nodes count whose refusal can change when pods leave them.
 */
import type { NoNode } from './decide.ts';
import type { FilterPlugin, Profile } from './framework.ts';
import type { PodInfo } from './pod-info.ts';
import { NodeReasons } from './reasons.ts';
import type { Snapshot } from './snapshot.ts';
import {
  type Candidate,
  type NoVictims,
  type PodFacts,
  type Surroundings,
  compareCandidates,
  victimsOn,
} from './victims.ts';

export type PreemptionPlan =
  | { readonly do: 'preempt'; readonly node: string; readonly victims: readonly PodInfo[] }
  | NoPreemption;

/** Why it does not help. */
export interface NoPreemption {
  readonly do: 'nothing';
  readonly message: string;
  /** Victims of the pod are still on their way out, and its nomination stands. */
  readonly waits: boolean;
  /** What refuses the pod also where those that it may preempt are gone. */
  readonly refusedBy: ReadonlySet<FilterPlugin>;
}

/** Of the nodes that come into question so many are looked at, as a share and at least. */
const CANDIDATE_SHARE = 0.1;
const MIN_CANDIDATES = 100;
/** So many nodes are looked at in one step of a search: some milliseconds. */
const NODES_PER_STEP = 50;

export interface PreemptionOptions {
  readonly profile: Profile;
  readonly snapshot: Snapshot;
  readonly facts: PodFacts;
  /** 0 to 1: with many nodes, not always the same ones are looked at. */
  readonly random: () => number;
}

export class Preemption {
  private readonly options: PreemptionOptions;
  /** Refusals for which it was found that preemption does not help: the next replica need not look again. */
  private readonly fruitless = new WeakMap<NoNode, PreemptionPlan>();

  constructor(options: PreemptionOptions) {
    this.options = options;
  }

  /**
   * Run to its end, step by step, it returns the plan. Pods may come and go between two steps, and the plan is right all the
   * same; nodes must not: when one has changed the search is to be given up.
   */
  *plan(info: PodInfo, refused: NoNode): Generator<void, PreemptionPlan> {
    const known = this.fruitless.get(refused);
    if (known) return known;
    const surroundings = { ...this.options, protectedAmong: this.options.facts.protection() };
    return this.ineligible(info, refused, surroundings) ?? (yield* this.search(info, refused, surroundings));
  }

  private ineligible(info: PodInfo, { helpable }: NoNode, surroundings: Surroundings): PreemptionPlan | undefined {
    const { snapshot } = this.options;
    const nothing = (why: string): PreemptionPlan => ({
      do: 'nothing',
      message: `not eligible due to ${why}.`,
      waits: true,
      refusedBy: new Set(),
    });
    if (info.pod.spec.preemptionPolicy === 'Never') return nothing('preemptionPolicy=Never');
    const row = snapshot.rowOf(snapshot.nominations.nodeOf(info.uid) ?? '');
    if (row === undefined || !helpable.includes(row)) return undefined;
    const found = victimsOn(row, info, surroundings);
    const isEnough = 'victims' in found && found.victims.length === 0;
    return isEnough ? nothing('a terminating pod on the nominated node') : undefined;
  }

  private *search(info: PodInfo, refused: NoNode, surroundings: Surroundings): Generator<void, PreemptionPlan> {
    const { snapshot } = this.options;
    const before = snapshot.version();
    const reasons = new NodeReasons();
    const refusedBy = new Set<FilterPlugin>();
    const candidates = yield* this.candidates(info, refused.helpable, surroundings, (no) => {
      reasons.add(no.reasons);
      if (no.refusedBy) refusedBy.add(no.refusedBy);
    });
    const isOld = snapshot.version() !== before;
    const best = isOld ? this.bestNow(candidates, info) : this.bestOf(candidates);
    if (!best) {
      reasons.addRest(snapshot.size, 'Preemption is not helpful for scheduling');
      const plan: PreemptionPlan = { do: 'nothing', message: reasons.message(snapshot.size), waits: false, refusedBy };
      this.fruitless.set(refused, plan);
      return plan;
    }
    return { do: 'preempt', node: snapshot.names[best.row] ?? '', victims: best.victims };
  }

  private bestOf(candidates: readonly Candidate[]): Candidate | undefined {
    const { facts } = this.options;
    const [first, ...others] = candidates;
    return first && others.reduce((a, b) => (compareCandidates(b, a, facts) < 0 ? b : a), first);
  }

  /** The best one of candidates that were found some time ago: those that seem best are looked at again. */
  private bestNow(candidates: readonly Candidate[], info: PodInfo): Candidate | undefined {
    const surroundings = { ...this.options, protectedAmong: this.options.facts.protection() };
    const left = new Set(candidates);
    const fresh = new Set<Candidate>();
    for (;;) {
      const best = this.bestOf([...left]);
      if (!best || fresh.has(best)) return best;
      left.delete(best);
      const now = victimsOn(best.row, info, surroundings);
      if ('reasons' in now) continue;
      left.add(now);
      fresh.add(now);
    }
  }

  private *candidates(
    info: PodInfo,
    rows: readonly number[],
    surroundings: Surroundings,
    onNone: (no: NoVictims) => void,
  ): Generator<void, Candidate[]> {
    const enough = Math.max(MIN_CANDIDATES, Math.floor(rows.length * CANDIDATE_SHARE));
    const offset = Math.floor(this.options.random() * rows.length);
    const candidates: Candidate[] = [];
    let harmless = 0;
    for (let at = 0; at < rows.length; at += 1) {
      if (candidates.length >= enough && harmless > 0) break;
      if (at > 0 && at % NODES_PER_STEP === 0) yield;
      const found = victimsOn(rows[(offset + at) % rows.length] ?? 0, info, surroundings);
      if ('reasons' in found) {
        onNone(found);
        continue;
      }
      candidates.push(found);
      if (found.violations === 0) harmless += 1;
    }
    return candidates;
  }
}
