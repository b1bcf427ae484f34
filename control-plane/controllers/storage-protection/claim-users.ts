/** Who holds a claim: it stays, also when it is to be deleted, until none of these is there. */
import { claimOf } from '../../../api/machinery/pod-claims.ts';
import { isClaimOfPod } from '../../../api/machinery/persistent-volumes.ts';
import type { PersistentVolumeClaim, Pod, Volume } from '../../../api/types/core.v1.ts';

/** One of the pods that use the claim; `pods` are those that name it. */
export function userOf(claim: PersistentVolumeClaim, pods: Iterable<Pod>): Pod | undefined {
  for (const pod of pods) {
    // A pod without a node is not given one while the claim is being deleted.
    if (pod.spec.nodeName && pod.spec.volumes?.some((volume) => uses(pod, volume, claim))) return pod;
  }
  return undefined;
}

/** A pod that has ended uses its claims for as long as it is there: somebody may want to see what it has left. */
function uses(pod: Pod, volume: Volume, claim: PersistentVolumeClaim): boolean {
  if (claimOf(pod, volume) !== claim.metadata.name) return false;
  return !volume.ephemeral || (isClaimOfPod(claim, pod) && !isDone(pod));
}

/** Nothing of it runs any more. Its object may wait, by a finalizer, for just that claim to go. */
function isDone({ metadata }: Pod): boolean {
  return metadata.deletionTimestamp !== undefined && metadata.deletionGracePeriodSeconds === 0;
}
