/** How an eviction that waits for a replacement is written on a pod: as the condition that Kubernetes leaves. */
import type { Pod, PodCondition } from '../types/core.v1.ts';

/** The condition of a pod that was evicted; undefined of one that was not. */
export function evictionOf({ status }: Pod): PodCondition | undefined {
  return status?.conditions?.find(
    ({ type, status: is, reason }) =>
      type === 'DisruptionTarget' && is === 'True' && reason === 'EvictionByEvictionAPI',
  );
}
