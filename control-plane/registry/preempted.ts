/** What is left on a pod that the scheduler ends in favour of a more important one. */
import { formatTime } from '../../api/machinery/time.ts';
import type { Pod } from '../../api/types/core.v1.ts';
import { withCondition } from './binding.ts';

/** Tells whoever replaces the pod that it did not fail by itself. `scheduler` is the one that ends it. */
export function preemptedPod(pod: Pod, scheduler: string, now: Date): Pod {
  const condition = {
    type: 'DisruptionTarget',
    status: 'True',
    reason: 'PreemptionByScheduler',
    message: `${scheduler}: preempting to accommodate a higher priority pod`,
  };
  const before = pod.status.conditions?.find(({ type }) => type === condition.type);
  if (before?.status === 'True' && before.reason === condition.reason) return pod;
  return { ...pod, status: withCondition(pod, { ...condition, lastTransitionTime: formatTime(now.getTime()) }) };
}
