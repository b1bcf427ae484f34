/** What a node is told of a claim that one of its pods uses: the volume, or in Kubernetes' words why there is none. */
import type { NodeClaim } from '../../api/node-volumes.ts';
import type { PersistentVolume, PersistentVolumeClaim } from '../../api/types/core.v1.ts';

/** `volume`: the one that the claim names, if it is there. */
export function nodeClaim(claim: PersistentVolumeClaim, volume: PersistentVolume | undefined): NodeClaim {
  const { uid = '', ownerReferences, deletionTimestamp } = claim.metadata;
  const controller = ownerReferences?.find((owner) => owner.controller)?.uid;
  return {
    uid,
    ...(controller === undefined ? {} : { controller }),
    isBeingDeleted: deletionTimestamp !== undefined,
    bound: bindingOf(claim, volume),
  };
}

function bindingOf({ metadata, spec, status }: PersistentVolumeClaim, volume?: PersistentVolume): NodeClaim['bound'] {
  const name = spec.volumeName ?? '';
  if (status.phase !== 'Bound') return { problem: 'PVC is not bound' };
  if (name === '') return { problem: 'PVC has empty pvc.Spec.VolumeName' };
  if (!volume) {
    return { problem: `failed to fetch PV ${name} from API server: persistentvolumes "${name}" not found` };
  }
  const { claimRef, ...others } = volume.spec;
  const found = `found PV object ${name} but`;
  if (!claimRef) {
    return { problem: `${found} it has a nil pv.Spec.ClaimRef indicating it is not yet bound to the claim` };
  }
  if (claimRef.uid !== metadata.uid) {
    const problem = `${found} its pv.Spec.ClaimRef.UID ${claimRef.uid} does not point to claim.UID ${metadata.uid}`;
    return { problem };
  }
  return { volume: { name, spec: others } };
}
