/**
 * What to do about one volume: say how it stands, and what becomes of it once its claim is gone.
 *
 *     Available ──a claim names it──▶ Bound ──the claim is gone──▶ Released ──Delete──▶ deleted
 *         ▲                                                          └──no way to──▶ Failed
 *         └── its claim has another volume
 */
import { kinds } from '../../../api/kinds.ts';
import {
  DATA_FINALIZER,
  PROVISIONED_BY,
  hostnameOf,
  isProvisionedHere,
  isToBeRemoved,
} from '../../../api/machinery/local-volumes.ts';
import { BOUND_BY_CONTROLLER, hasVolume } from '../../../api/machinery/persistent-volumes.ts';
import type { PersistentVolume, PersistentVolumeClaim } from '../../../api/types/core.v1.ts';
import { type Action, type Target, targetOf } from '../actions.ts';
import { NOTHING, type Plan } from '../controller.ts';
import { telling } from './tell.ts';

export interface VolumeSnapshot {
  readonly volume: PersistentVolume;
  /** What bears the name of the claim that it is kept for. */
  readonly claim: PersistentVolumeClaim | undefined;
  /** Whether there is a node with this hostname label, be it reachable or not. */
  readonly isNode: (hostname: string) => boolean;
}

export function planVolume({ volume, claim, isNode }: VolumeSnapshot): Plan {
  if (claim && hasVolume(claim, volume)) return enter(volume, 'Bound');
  const release = planRelease(volume, isNode);
  if (release) return release;
  const { claimRef } = volume.spec;
  if (!claimRef?.uid) return enter(volume, 'Available');
  if (!claim || claim.metadata.uid !== claimRef.uid) return planUnclaimed(volume);
  return claim.spec.volumeName ? planUnwanted(volume) : planPromised(volume, claim);
}

/** A volume that is being deleted, and whose directory nobody has to remove, or nobody can any more. */
function planRelease(volume: PersistentVolume, isNode: (hostname: string) => boolean): Plan | undefined {
  const { metadata, status } = volume;
  if (metadata.deletionTimestamp === undefined || !metadata.finalizers?.includes(DATA_FINALIZER)) return undefined;
  if (status.phase === 'Bound') return undefined;
  const hostname = hostnameOf(volume);
  const isOnNode = isToBeRemoved(volume) && hostname !== undefined;
  if (isOnNode && isNode(hostname)) return { ...NOTHING, reasons: [`its data on ${hostname} are still to be removed`] };
  const node: Target = { kind: kinds.nodes, namespace: '', name: hostname ?? '', uid: '' };
  return {
    actions: [
      {
        do: 'remove-finalizer',
        target: targetOf(kinds.persistentvolumes, volume),
        finalizer: DATA_FINALIZER,
        gone: isOnNode ? [node] : [],
        why: isOnNode ? 'its data are gone with the node' : 'its data stay',
      },
    ],
    reasons: [],
  };
}

function enter(volume: PersistentVolume, phase: 'Available' | 'Bound'): Plan {
  if (volume.status.phase === phase) return NOTHING;
  const patch = { phase, message: null, reason: null };
  const why = phase === 'Bound' ? 'its claim names it' : 'no claim has it';
  return {
    actions: [{ do: 'patch-status', target: targetOf(kinds.persistentvolumes, volume), patch, why }],
    reasons: [],
  };
}

/** The claim is there and has yet to name it. */
function planPromised(volume: PersistentVolume, claim: PersistentVolumeClaim): Plan {
  if ((volume.spec.volumeMode ?? 'Filesystem') === (claim.spec.volumeMode ?? 'Filesystem')) {
    return { ...NOTHING, reasons: ['its claim has yet to name it'] };
  }
  const message = `Cannot bind PersistentVolume to requested PersistentVolumeClaim "${claim.metadata.name}" due to incompatible volumeMode.`;
  return { actions: [telling(volume, 'Warning', 'VolumeMismatch', message)], reasons: [] };
}

/** Its claim has another one. */
function planUnwanted(volume: PersistentVolume): Plan {
  const { metadata, spec } = volume;
  if (metadata.annotations?.[PROVISIONED_BY] && spec.persistentVolumeReclaimPolicy === 'Delete') {
    return isOver(volume) ? planReclaim(volume, []) : release(volume, []);
  }
  const isOurs = metadata.annotations?.[BOUND_BY_CONTROLLER] !== undefined;
  const patch = isOurs
    ? { metadata: { annotations: { [BOUND_BY_CONTROLLER]: null } }, spec: { claimRef: null } }
    : { spec: { claimRef: { uid: null, resourceVersion: null } } };
  const { resourceVersion = '' } = metadata;
  const target = targetOf(kinds.persistentvolumes, volume);
  return {
    actions: [{ do: 'patch', target, patch, resourceVersion, why: 'its claim has another volume' }],
    reasons: [],
  };
}

function planUnclaimed(volume: PersistentVolume): Plan {
  const { claimRef } = volume.spec;
  const claim: Target = {
    kind: kinds.persistentvolumeclaims,
    namespace: claimRef?.namespace ?? '',
    name: claimRef?.name ?? '',
    uid: claimRef?.uid ?? '',
  };
  return isOver(volume) ? planReclaim(volume, [claim]) : release(volume, [claim]);
}

function isOver({ status }: PersistentVolume): boolean {
  return status.phase === 'Released' || status.phase === 'Failed';
}

function release(volume: PersistentVolume, gone: readonly Target[]): Plan {
  const { message: _message, reason: _reason, ...status } = volume.status;
  const target = targetOf(kinds.persistentvolumes, volume);
  return {
    actions: [{ do: 'set-status', target, status: { ...status, phase: 'Released' }, gone, why: 'its claim is gone' }],
    reasons: [],
  };
}

/** Whose provisioner is somebody else is theirs to delete. */
function planReclaim(volume: PersistentVolume, owners: readonly Target[]): Plan {
  const { metadata, spec } = volume;
  switch (spec.persistentVolumeReclaimPolicy) {
    case 'Recycle':
      return fail(volume, 'VolumeFailedRecycle', 'No recycler plugin found for the volume!');
    case 'Delete': {
      if (metadata.deletionTimestamp !== undefined) return { ...NOTHING, reasons: ['it is being deleted'] };
      if (isProvisionedHere(volume)) return { actions: [remove(volume, owners)], reasons: [] };
      const provisioner = metadata.annotations?.[PROVISIONED_BY];
      if (provisioner && !provisioner.startsWith('kubernetes.io/')) {
        return { ...NOTHING, reasons: [`${provisioner} deletes it`] };
      }
      const message = `error getting deleter volume plugin for volume "${metadata.name}": no volume plugin matched`;
      return fail(volume, 'VolumeFailedDelete', message);
    }
    default:
      return { ...NOTHING, reasons: ['it is kept'] };
  }
}

function remove(volume: PersistentVolume, owners: readonly Target[]): Action {
  const { resourceVersion = '' } = volume.metadata;
  const target = targetOf(kinds.persistentvolumes, volume);
  return { do: 'collect', target, owners, propagationPolicy: 'Background', resourceVersion, why: 'its claim is gone' };
}

function fail(volume: PersistentVolume, reason: string, message: string): Plan {
  if (volume.status.phase === 'Failed') return { ...NOTHING, reasons: [message] };
  const { event } = telling(volume, 'Warning', reason, message);
  const target = targetOf(kinds.persistentvolumes, volume);
  const patch = { phase: 'Failed', message };
  return { actions: [{ do: 'patch-status', target, patch, event, why: message }], reasons: [] };
}
