/** What a disruption budget should say of its pods: how many are healthy, how many must be, and so how many may be evicted. */
import { sameJson } from '../../../api/machinery/json.ts';
import { scaledValue } from '../../../api/machinery/intstr.ts';
import { formatTime, parseTime } from '../../../api/machinery/time.ts';
import { kinds, type Kind } from '../../../api/kinds.ts';
import type { Pod } from '../../../api/types/core.v1.ts';
import type { PodDisruptionBudget, PodDisruptionBudgetStatus } from '../../../api/types/policy.v1.ts';
import { type Action, referenceTo, targetOf } from '../actions.ts';
import { isReady } from '../conditions.ts';
import type { Moment, Plan } from '../controller.ts';

/** An evicted pod that is still there after this long was not deleted after all, and counts again. */
export const EVICTION_MILLISECONDS = 2 * 60_000;
const ALLOWED = 'DisruptionAllowed';

export interface BudgetSnapshot {
  readonly budget: PodDisruptionBudget;
  /** Those that it selects. */
  readonly pods: readonly Pod[];
  /** How many pods the controller of each of them is asked for, each controller once; undefined for pods without any. */
  readonly scales: ReadonlyMap<string, number | undefined>;
}

export function planBudget({ budget, pods, scales }: BudgetSnapshot, moment: Moment): Plan {
  const { disruptedPods, after } = stillDisrupted(budget, pods, moment);
  const { expectedPods, desiredHealthy } = expectation(budget, pods, scales);
  const currentHealthy = pods.filter(
    (pod) => isReady(pod) && !pod.metadata.deletionTimestamp && !(pod.metadata.name! in disruptedPods),
  ).length;
  const disruptionsAllowed = expectedPods <= 0 ? 0 : Math.max(0, currentHealthy - desiredHealthy);
  const status: PodDisruptionBudgetStatus = {
    observedGeneration: budget.metadata.generation ?? 0,
    ...(Object.keys(disruptedPods).length > 0 ? { disruptedPods } : {}),
    disruptionsAllowed,
    currentHealthy,
    desiredHealthy,
    expectedPods,
    conditions: conditionsOf(budget, disruptionsAllowed, moment),
  };
  const actions = sameJson(status, budget.status) ? [] : [setStatus(budget, status)];
  return {
    actions: [...actions, ...remarks(budget, pods, scales)],
    reasons: [],
    ...(after === undefined ? {} : { after }),
  };
}

function setStatus(budget: PodDisruptionBudget, status: PodDisruptionBudgetStatus): Action {
  const target = targetOf(kinds.poddisruptionbudgets as Kind, budget);
  return { do: 'set-status', target, status, why: 'it says how its pods are' };
}

/** Evictions that are on their way, and how long until the next of them counts as not carried out. */
function stillDisrupted(
  { status }: PodDisruptionBudget,
  pods: readonly Pod[],
  { date }: Moment,
): { disruptedPods: Record<string, string>; after: number | undefined } {
  const disruptedPods: Record<string, string> = {};
  let after: number | undefined;
  const byName = new Map(pods.map((pod) => [pod.metadata.name ?? '', pod]));
  for (const [name, time] of Object.entries(status?.disruptedPods ?? {})) {
    const pod = byName.get(name);
    const left = parseTime(time) + EVICTION_MILLISECONDS - date.getTime();
    if (!pod || pod.metadata.deletionTimestamp || left <= 0) continue;
    disruptedPods[name] = time;
    after = Math.min(after ?? Infinity, left);
  }
  return { disruptedPods, after };
}

function expectation(
  { spec }: PodDisruptionBudget,
  pods: readonly Pod[],
  scales: BudgetSnapshot['scales'],
): { expectedPods: number; desiredHealthy: number } {
  const asked = [...scales.values()].reduce<number>((sum, replicas) => sum + (replicas ?? 0), 0);
  if (spec.maxUnavailable !== undefined) {
    const unavailable = scaledValue(spec.maxUnavailable, asked, 'up');
    return { expectedPods: asked, desiredHealthy: Math.max(0, asked - unavailable) };
  }
  const least = spec.minAvailable ?? 0;
  if (typeof least === 'number') return { expectedPods: pods.length, desiredHealthy: least };
  return { expectedPods: asked, desiredHealthy: scaledValue(least, asked, 'up') };
}

function conditionsOf(
  { status, metadata }: PodDisruptionBudget,
  disruptionsAllowed: number,
  { date }: Moment,
): PodDisruptionBudgetStatus['conditions'] {
  const known = status?.conditions ?? [];
  const before = known.find(({ type }) => type === ALLOWED);
  const isAllowed = disruptionsAllowed > 0;
  const next = {
    type: ALLOWED,
    status: isAllowed ? 'True' : 'False',
    observedGeneration: metadata.generation ?? 0,
    reason: isAllowed ? 'SufficientPods' : 'InsufficientPods',
    message: '',
  };
  const lastTransitionTime =
    before?.status === next.status && before.lastTransitionTime
      ? before.lastTransitionTime
      : formatTime(date.getTime());
  return [...known.filter(({ type }) => type !== ALLOWED), { ...next, lastTransitionTime }];
}

/** What a user should hear of a budget that protects nothing, or not in the way it says. Said when the status is first made. */
function remarks(budget: PodDisruptionBudget, pods: readonly Pod[], scales: BudgetSnapshot['scales']): Action[] {
  if (budget.status?.observedGeneration === budget.metadata.generation) return [];
  const about = referenceTo(kinds.poddisruptionbudgets as Kind, budget);
  if (pods.length === 0) {
    const event = { about, type: 'Normal', reason: 'NoPods', message: 'No matching pods found' } as const;
    return [{ do: 'record', event, why: event.message }];
  }
  const { minAvailable } = budget.spec;
  const unmanaged = [...scales].filter(([, replicas]) => replicas === undefined).map(([name]) => name);
  if (unmanaged.length === 0 || typeof minAvailable === 'number') return [];
  const message = `Pods selected by this PodDisruptionBudget were found to be unmanaged. As a result, the status of the PDB cannot be calculated correctly, which may result in undefined behavior: ${unmanaged.join(', ')}`;
  const event = { about, type: 'Warning', reason: 'UnmanagedPods', message } as const;
  return [{ do: 'record', event, why: 'a share of unknown pods can not be reckoned' }];
}
