/** What the scheduler does to the world, all of it by way of the registry. */
import type { PersistentVolume, PersistentVolumeClaim, Pod } from '../../api/types/core.v1.ts';

export interface SchedulerOutput {
  /** Binds the pod to the node. Rejects with a StatusError: Conflict or NotFound when the pod is bound or gone already. */
  bind(pod: Pod, node: string): Promise<void>;
  /**
   * Tells users why the pod has no node: its PodScheduled condition, and an event. `nominated` is the node that it is to
   * come to, if any. Never rejects; it may be told again.
   */
  refused(pod: Pod, reason: 'Unschedulable' | 'SchedulingGated', message: string, nominated: string | undefined): void;
  /** The pod is to come to no node any more. Never rejects. */
  clearNomination(pod: Pod): void;
  /** Keeps the volume for the claim. Rejects with a StatusError, Conflict when it was written since. */
  keepVolume(volume: PersistentVolume, claim: PersistentVolumeClaim): Promise<PersistentVolume>;
  /** Asks for a volume to be made for the claim on the node. Rejects with a StatusError, Conflict when it is asked for elsewhere. */
  selectNode(claim: PersistentVolumeClaim, node: string): Promise<PersistentVolumeClaim>;
  /** Ends the victim, with its grace, in favour of `preemptor` on `node`; resolves too when it is gone already. */
  preempt(victim: Pod, preemptor: Pod, node: string): Promise<void>;
}
