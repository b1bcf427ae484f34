/** Conditions of nodes and pods. */
import type { Node, Pod } from '../../api/types/core.v1.ts';
import type { Condition, MergePatch } from './actions.ts';

interface StoredCondition extends Condition {
  readonly lastTransitionTime?: string;
}

/** The list with `next` in it, in the old one's place; the same list when nothing about it is new. */
export function withCondition<T extends StoredCondition>(
  list: readonly T[],
  next: Condition,
  at: string,
): readonly T[] {
  const before = list.find(({ type }) => type === next.type);
  if (before && before.status === next.status && before.reason === next.reason && before.message === next.message) {
    return list;
  }
  const lastTransitionTime = before?.status === next.status ? before.lastTransitionTime : at;
  const now = { ...before, ...next, lastTransitionTime } as T;
  return before ? list.map((condition) => (condition === before ? now : condition)) : [...list, now];
}

export function readyCondition(object: Pod | Node): StoredCondition | undefined {
  const conditions: readonly StoredCondition[] = object.status?.conditions ?? [];
  return conditions.find(({ type }) => type === 'Ready');
}

export function isReady(object: Pod | Node): boolean {
  return readyCondition(object)?.status === 'True';
}

/** Succeeded or Failed: its containers have ended and stay so. */
export function isTerminal(pod: Pod): boolean {
  return pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';
}

/** The scheduler has found no node for it. */
export function isUnschedulable({ status }: Pod): boolean {
  return (status?.conditions ?? []).some(
    ({ type, status: is, reason }) => type === 'PodScheduled' && is === 'False' && reason === 'Unschedulable',
  );
}

/** Deleted without any more grace, and still there: only its finalizers can let it go. */
export function isHeldByFinalizers({ metadata }: Pod): boolean {
  return metadata.deletionTimestamp !== undefined && metadata.deletionGracePeriodSeconds === 0;
}

/**
 * The status of a pod that nobody will report of any more: it has failed, through no fault of its own when `disruption` is
 * given. As a patch.
 */
export function failedStatus(
  { status }: Pod,
  disruption: { reason: string; message: string } | undefined,
  at: string,
): MergePatch {
  const condition = { type: 'DisruptionTarget', status: 'True', ...disruption };
  return {
    phase: 'Failed',
    ...(disruption ? { conditions: withCondition<StoredCondition>(status.conditions ?? [], condition, at) } : {}),
  };
}

export function isActive(pod: Pod): boolean {
  return !isTerminal(pod) && pod.metadata.deletionTimestamp === undefined;
}

/** How long until the pod has been ready for `minReadySeconds`: 0 when it has, undefined when it is not ready. In milliseconds. */
export function untilAvailable(pod: Pod, minReadySeconds: number, date: Date): number | undefined {
  const ready = readyCondition(pod);
  if (ready?.status !== 'True') return undefined;
  if (minReadySeconds === 0) return 0;
  if (!ready.lastTransitionTime) return undefined;
  return Math.max(0, Date.parse(ready.lastTransitionTime) + minReadySeconds * 1000 - date.getTime());
}
