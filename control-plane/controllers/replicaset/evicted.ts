/** Which evicted pods may end: an evicted pod serves on until its replacement does. */
import { evictionOf } from '../../../api/machinery/eviction.ts';
import type { Pod } from '../../../api/types/core.v1.ts';
import { isReady, isUnschedulable, untilAvailable } from '../conditions.ts';

/** A replacement that is not ready by then will not be soon; whoever drains a node gets it empty. */
const LONGEST_WAIT_MILLISECONDS = 60_000;

export interface Evictions {
  /** Active pods of the set that may stay. */
  readonly staying: readonly Pod[];
  /** Active pods of the set that were evicted. */
  readonly evicted: readonly Pod[];
}

export function partEvicted(active: readonly Pod[]): Evictions {
  return {
    staying: active.filter((pod) => !evictionOf(pod)),
    evicted: active.filter((pod) => evictionOf(pod)),
  };
}

/** The evicted pods that are not needed any more, for a set that wants `replicas`. */
export function mayEnd(
  { staying, evicted }: Evictions,
  { replicas, minReadySeconds, date }: { replicas: number; minReadySeconds: number; date: Date },
): readonly Pod[] {
  if (staying.some(isUnschedulable)) return evicted;
  const overdue = (pod: Pod): boolean => untilOverdue(pod, date) <= 0;
  const atOnce = evicted.filter((pod) => !isReady(pod) || overdue(pod));
  const serving = evicted.filter((pod) => !atOnce.includes(pod));
  const replaced = staying.filter((pod) => untilAvailable(pod, minReadySeconds, date) === 0).length;
  const spare = Math.max(0, replaced + serving.length - replicas);
  return [...atOnce, ...serving.slice(0, spare)];
}

/** Milliseconds until evicted pods end whatever has become of their replacements. */
export function untilOverdue(pod: Pod, date: Date): number {
  const since = Date.parse(evictionOf(pod)?.lastTransitionTime ?? '');
  return Number.isNaN(since) ? 0 : since + LONGEST_WAIT_MILLISECONDS - date.getTime();
}
