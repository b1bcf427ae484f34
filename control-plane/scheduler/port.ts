/** What the scheduler does to the world: two things, both by way of the registry. */
import type { Pod } from '../../api/schema/types/core.v1.ts';

export interface SchedulerOutput {
  /** Binds the pod to the node. Rejects with a StatusError: Conflict or NotFound when the pod is bound or gone already. */
  bind(pod: Pod, node: string): Promise<void>;
  /** Tells users why the pod has no node: its PodScheduled condition, and an event. Never rejects; it may be told again. */
  refused(pod: Pod, reason: 'Unschedulable' | 'SchedulingGated', message: string): void;
}
