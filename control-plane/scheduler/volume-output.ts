/** How the scheduler's decisions about volumes are stored. */
import { conflict, notFound } from '../../api/errors.ts';
import { kinds } from '../../api/kinds.ts';
import {
  BOUND_BY_CONTROLLER,
  SELECTED_NODE,
  claimRefTo,
  isFullyBound,
  isKeptFor,
} from '../../api/machinery/persistent-volumes.ts';
import type { PersistentVolume, PersistentVolumeClaim } from '../../api/types/core.v1.ts';
import type { Registry } from '../registry/port.ts';

/** Refuses to take one that others have, or would have, by now. */
export function keepVolume(
  registry: Registry,
  volume: PersistentVolume,
  claim: PersistentVolumeClaim,
): Promise<PersistentVolume> {
  const { name = '', uid, resourceVersion } = volume.metadata;
  const keep = (current: PersistentVolume): PersistentVolume | undefined => {
    if (current.spec.claimRef?.uid === claim.metadata.uid) return undefined;
    if (current.metadata.resourceVersion !== resourceVersion) {
      throw conflict(kinds.persistentvolumes, name, 'it was written since');
    }
    const annotations = { ...current.metadata.annotations, [BOUND_BY_CONTROLLER]: 'yes' };
    const metadata = isKeptFor(current, claim) ? current.metadata : { ...current.metadata, annotations };
    return { ...current, metadata, spec: { ...current.spec, claimRef: claimRefTo(claim) } };
  };
  return registry.resource(kinds.persistentvolumes).mutate('', name, keep, uid === undefined ? {} : { uid });
}

export function selectNode(
  registry: Registry,
  claim: PersistentVolumeClaim,
  node: string,
): Promise<PersistentVolumeClaim> {
  const { namespace = '', name = '', uid } = claim.metadata;
  const select = (current: PersistentVolumeClaim): PersistentVolumeClaim | undefined => {
    const { metadata } = current;
    if (metadata.uid !== uid) throw notFound(kinds.persistentvolumeclaims, name);
    const selected = metadata.annotations?.[SELECTED_NODE];
    if (isFullyBound(current) || selected === node) return undefined;
    if (selected !== undefined) {
      throw conflict(kinds.persistentvolumeclaims, name, `its volume is being made on ${selected}`);
    }
    return { ...current, metadata: { ...metadata, annotations: { ...metadata.annotations, [SELECTED_NODE]: node } } };
  };
  return registry.resource(kinds.persistentvolumeclaims).mutate(namespace, name, select);
}
