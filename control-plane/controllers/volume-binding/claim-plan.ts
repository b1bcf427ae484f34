/** What to do about one claim: find it a volume or have one made, complete the binding, and say how it stands. */
import { kinds } from '../../../api/kinds.ts';
import { isProvisionedHere } from '../../../api/machinery/local-volumes.ts';
import {
  BIND_COMPLETED,
  BOUND_BY_CONTROLLER,
  SELECTED_NODE,
  capacityOfVolume,
  claimRefTo,
  classOfClaim,
  isKeptFor,
  reachesNode,
  requestOfClaim,
  volumesFor,
  waitsForConsumer,
  whyUnfit,
} from '../../../api/machinery/persistent-volumes.ts';
import { sameJson } from '../../../api/machinery/json.ts';
import { compareQuantities } from '../../../api/machinery/quantity.ts';
import type { PersistentVolume, PersistentVolumeClaim } from '../../../api/types/core.v1.ts';
import type { StorageClass } from '../../../api/types/storage.v1.ts';
import { type Action, type MergePatch, targetOf } from '../actions.ts';
import { NOTHING, type Plan } from '../controller.ts';
import { planProvision } from './provision.ts';
import type { ClaimSnapshot } from './snapshot.ts';
import { telling } from './tell.ts';

export function planClaim(snapshot: ClaimSnapshot): Plan {
  const { claim } = snapshot;
  if (claim.metadata.annotations?.[BIND_COMPLETED] !== undefined) return planBound(snapshot);
  if (claim.metadata.deletionTimestamp !== undefined) return { ...NOTHING, reasons: ['it is being deleted'] };
  return claim.spec.volumeName ? planRequested(snapshot) : planUnbound(snapshot);
}

function planUnbound(snapshot: ClaimSnapshot): Plan {
  const { claim, storageClass, selected, defaultClass } = snapshot;
  const isSelected = claim.metadata.annotations?.[SELECTED_NODE] !== undefined;
  const isDelayed = waitsForConsumer(storageClass) && !isSelected;
  const [volume] = volumesFor(claim, snapshot.candidates).filter(
    (each) => isKeptFor(each, claim) || (!isDelayed && (!isSelected || reachesNode(each, selected?.metadata.labels))),
  );
  if (volume) return bind(claim, volume);
  if (classOfClaim(claim) === undefined && defaultClass) return giveClass(claim, defaultClass);
  if (isDelayed) {
    const message = 'waiting for first consumer to be created before binding';
    return pending(claim, [telling(claim, 'Normal', 'WaitForFirstConsumer', message)]);
  }
  if (classOfClaim(claim)) return pending(claim, planProvision(snapshot));
  const message = 'no persistent volumes available for this claim and no storage class is set';
  return pending(claim, [telling(claim, 'Normal', 'FailedBinding', message)]);
}

/** A class that has become the default one is also that of claims which were there before. */
function giveClass(claim: PersistentVolumeClaim, { metadata: { name } }: StorageClass): Plan {
  const { resourceVersion = '' } = claim.metadata;
  const patch = { spec: { storageClassName: name } };
  const why = 'it names no class, and there is a default one';
  const target = targetOf(kinds.persistentvolumeclaims, claim);
  return { actions: [{ do: 'patch', target, patch, resourceVersion, why }], reasons: [] };
}

function planRequested({ claim, volume }: ClaimSnapshot): Plan {
  const { volumeName = '' } = claim.spec;
  if (!volume) return pending(claim, []);
  if (isKeptFor(volume, claim)) return bind(claim, volume);
  if (volume.spec.claimRef) {
    const message = `volume "${volumeName}" already bound to a different claim.`;
    return pending(claim, [telling(claim, 'Warning', 'FailedBinding', message)]);
  }
  const unfit = whyUnfit(volume, claim);
  if (unfit === undefined) return bind(claim, volume);
  const message = `Cannot bind to requested volume "${volumeName}": ${unfit}`;
  return pending(claim, [telling(claim, 'Warning', 'VolumeMismatch', message)]);
}

function planBound(snapshot: ClaimSnapshot): Plan {
  const { claim, volume } = snapshot;
  if (!claim.spec.volumeName) {
    return lose(claim, 'ClaimLost', 'Bound claim has lost reference to PersistentVolume. Data on the volume is lost!');
  }
  if (!volume)
    return lose(claim, 'ClaimLost', 'Bound claim has lost its PersistentVolume. Data on the volume is lost!');
  if (volume.spec.claimRef && !isKeptFor(volume, claim)) {
    const message = 'Two claims are bound to the same volume, this one is bound incorrectly';
    return lose(claim, 'ClaimMisbound', message);
  }
  return expand(snapshot, volume) ?? bind(claim, volume);
}

/** Directories have no size of their own: the volume says the larger one, and the claim follows it. */
function expand({ claim, storageClass }: ClaimSnapshot, volume: PersistentVolume): Plan | undefined {
  if (compareQuantities(requestOfClaim(claim), capacityOfVolume(volume)) <= 0) return undefined;
  if (!isProvisionedHere(volume) || !storageClass?.allowVolumeExpansion) return undefined;
  const { resourceVersion = '' } = volume.metadata;
  const patch = { spec: { capacity: { storage: claim.spec.resources.requests?.['storage'] } } };
  const target = targetOf(kinds.persistentvolumes, volume);
  return { actions: [{ do: 'patch', target, patch, resourceVersion, why: 'its claim asks for more' }], reasons: [] };
}

/**
 * One step of the binding: the volume is kept for the claim first, guarded by its revision, so that no two claims ever get
 * it; then the claim names the volume; then it says so.
 */
function bind(claim: PersistentVolumeClaim, volume: PersistentVolume): Plan {
  if (volume.spec.claimRef?.uid !== claim.metadata.uid) return { actions: [keep(claim, volume)], reasons: [] };
  const actions: Action[] = [];
  const name = volume.metadata.name ?? '';
  const { annotations, resourceVersion = '' } = claim.metadata;
  const isNamed = claim.spec.volumeName === name;
  if (!isNamed || annotations?.[BIND_COMPLETED] === undefined) {
    const bound = isNamed ? {} : { [BOUND_BY_CONTROLLER]: 'yes' };
    const patch = {
      metadata: { annotations: { [BIND_COMPLETED]: 'yes', ...bound } },
      spec: { volumeName: name },
    };
    const target = targetOf(kinds.persistentvolumeclaims, claim);
    actions.push({ do: 'patch', target, patch, resourceVersion, why: `the volume ${name} is kept for it` });
  }
  return { actions: [...actions, ...boundStatus(claim, volume)], reasons: [] };
}

function keep(claim: PersistentVolumeClaim, volume: PersistentVolume): Action {
  const { namespace, name } = claim.metadata;
  const isOurs = !volume.spec.claimRef;
  const annotations = isOurs ? { metadata: { annotations: { [BOUND_BY_CONTROLLER]: 'yes' } } } : {};
  const { resourceVersion = '' } = volume.metadata;
  const target = targetOf(kinds.persistentvolumes, volume);
  const why = `it suits the claim ${namespace}/${name}`;
  return {
    do: 'patch',
    target,
    patch: { ...annotations, spec: { claimRef: claimRefTo(claim) } },
    resourceVersion,
    why,
  };
}

/** What a foreign driver makes larger it says itself. */
function boundStatus(claim: PersistentVolumeClaim, volume: PersistentVolume): Action[] {
  const { status } = claim;
  const { accessModes, capacity, volumeAttributesClassName } = volume.spec;
  const isNew = status.phase !== 'Bound' || status.capacity === undefined;
  const size = isNew || isProvisionedHere(volume) ? capacity : status.capacity;
  const wanted = {
    phase: 'Bound',
    accessModes,
    capacity: size,
    ...(isNew && volumeAttributesClassName ? { currentVolumeAttributesClassName: volumeAttributesClassName } : {}),
  };
  if (sameJson({ ...status, ...wanted }, status)) return [];
  const target = targetOf(kinds.persistentvolumeclaims, claim);
  const why = `it has the volume ${volume.metadata.name}`;
  if (isNew) return [{ do: 'patch-status', target, patch: wanted, why }];
  const { event } = telling(claim, 'Normal', 'VolumeResizeSuccessful', 'Resize volume succeeded');
  return [{ do: 'patch-status', target, patch: wanted, event, why: 'its volume is larger now' }];
}

function pending(claim: PersistentVolumeClaim, actions: readonly Action[]): Plan {
  if (claim.status.phase === 'Pending') return { actions, reasons: [] };
  const patch: MergePatch = { phase: 'Pending', accessModes: null, capacity: null };
  const target = targetOf(kinds.persistentvolumeclaims, claim);
  return { actions: [...actions, { do: 'patch-status', target, patch, why: 'it has no volume' }], reasons: [] };
}

function lose(claim: PersistentVolumeClaim, reason: string, message: string): Plan {
  if (claim.status.phase === 'Lost') return { ...NOTHING, reasons: [message] };
  const { accessModes: _modes, capacity: _capacity, ...status } = claim.status;
  const volume = { kind: kinds.persistentvolumes, namespace: '', name: claim.spec.volumeName ?? '', uid: '' };
  const { event } = telling(claim, 'Warning', reason, message);
  return {
    actions: [
      {
        do: 'set-status',
        target: targetOf(kinds.persistentvolumeclaims, claim),
        status: { ...status, phase: 'Lost' },
        gone: reason === 'ClaimLost' && volume.name !== '' ? [volume] : [],
        event,
        why: message,
      },
    ],
    reasons: [],
  };
}
