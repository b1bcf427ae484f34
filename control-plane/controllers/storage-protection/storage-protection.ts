/** Lets volumes and claims that are being deleted go once nobody uses them. */
import { kinds } from '../../../api/kinds.ts';
import { claimsOf } from '../../../api/machinery/pod-claims.ts';
import { objectKey } from '../../../api/object.ts';
import type { PersistentVolume, PersistentVolumeClaim, Pod } from '../../../api/types/core.v1.ts';
import { CLAIM_PROTECTION, VOLUME_PROTECTION } from '../../admission/storage-protection.ts';
import type { Registry } from '../../registry/port.ts';
import { type Action, targetOf } from '../actions.ts';
import { type Controller, NOTHING, type Plan } from '../controller.ts';
import { userOf } from './claim-users.ts';

export function planClaim(claim: PersistentVolumeClaim | undefined, pods: Iterable<Pod>): Plan {
  if (!claim || !isLeaving(claim, CLAIM_PROTECTION)) return NOTHING;
  const user = userOf(claim, pods);
  if (user) return { ...NOTHING, reasons: [`the pod ${user.metadata.name} uses it`] };
  const target = targetOf(kinds.persistentvolumeclaims, claim);
  return {
    actions: [{ do: 'release-claim', target, finalizer: CLAIM_PROTECTION, why: 'no pod uses it' }],
    reasons: [],
  };
}

export function planVolume(volume: PersistentVolume | undefined): Plan {
  if (!volume || !isLeaving(volume, VOLUME_PROTECTION)) return NOTHING;
  if (volume.status.phase === 'Bound') return { ...NOTHING, reasons: ['a claim has it'] };
  const { resourceVersion = '' } = volume.metadata;
  const target = targetOf(kinds.persistentvolumes, volume);
  const why = 'no claim has it';
  const action: Action = { do: 'remove-finalizer', target, finalizer: VOLUME_PROTECTION, resourceVersion, why };
  return { actions: [action], reasons: [] };
}

function isLeaving({ metadata }: PersistentVolume | PersistentVolumeClaim, finalizer: string): boolean {
  return metadata.deletionTimestamp !== undefined && metadata.finalizers?.includes(finalizer) === true;
}

/** No key of a volume holds a slash. */
export class StorageProtection implements Controller {
  readonly name = 'storage-protection';
  private readonly registry: Registry;

  constructor({ registry }: { readonly registry: Registry }) {
    this.registry = registry;
  }

  watch(enqueue: (key: string) => void): () => void {
    const claims = this.registry.resource(kinds.persistentvolumeclaims).view;
    const volumes = this.registry.resource(kinds.persistentvolumes).view;
    const pods = this.registry.resource(kinds.pods).view;
    const ends = [
      claims.subscribe(({ key, object }) => {
        if (isLeaving(object, CLAIM_PROTECTION)) enqueue(key);
      }),
      volumes.subscribe(({ key, object }) => {
        if (isLeaving(object, VOLUME_PROTECTION)) enqueue(key);
      }),
      pods.subscribe(({ type, object }) => {
        if (type !== 'deleted' && object.metadata.deletionTimestamp === undefined) return;
        for (const name of claimsOf(object)) enqueue(objectKey(object.metadata.namespace ?? '', name));
      }),
    ];
    for (const claim of claims.list()) {
      if (isLeaving(claim, CLAIM_PROTECTION)) {
        enqueue(objectKey(claim.metadata.namespace ?? '', claim.metadata.name ?? ''));
      }
    }
    for (const volume of volumes.list()) if (isLeaving(volume, VOLUME_PROTECTION)) enqueue(volume.metadata.name ?? '');
    return () => ends.forEach((end) => end());
  }

  plan(key: string): Plan {
    if (!key.includes('/')) return planVolume(this.registry.resource(kinds.persistentvolumes).view.get(key));
    const claim = this.registry.resource(kinds.persistentvolumeclaims).view.get(key);
    return planClaim(claim, this.registry.resource(kinds.pods).view.byIndex('claim', key));
  }
}
