/**
 * Volumes of Dure's own driver: directories on one node, made when a pod first uses them and removed by that node's agent.
 * Such a volume bears the name of its directory, so that no two volumes mean the same one.
 */
import type { PersistentVolume } from '../types/core.v1.ts';

export const LOCAL_DRIVER = 'local.dure.internal';
/** Keeps a volume until its directory is gone. */
export const DATA_FINALIZER = 'local.dure.internal/data';
export const PROVISIONED_BY = 'pv.kubernetes.io/provisioned-by';
export const HOSTNAME_LABEL = 'kubernetes.io/hostname';

/** Whether Dure made the volume, and so may remove what is in it. */
export function isProvisionedHere({ metadata, spec }: PersistentVolume): boolean {
  return (
    spec.csi?.driver === LOCAL_DRIVER &&
    spec.csi.volumeHandle === metadata.name &&
    metadata.annotations?.[PROVISIONED_BY] === LOCAL_DRIVER
  );
}

/** The hostname label of the node that the volume is on; undefined when its affinity does not name exactly one. */
export function hostnameOf({ spec }: PersistentVolume): string | undefined {
  const terms = spec.nodeAffinity?.required?.nodeSelectorTerms ?? [];
  const named = terms.flatMap(({ matchExpressions = [] }) =>
    matchExpressions.flatMap(({ key, operator, values = [] }) =>
      key === HOSTNAME_LABEL && operator === 'In' ? values : [],
    ),
  );
  return terms.length === 1 && named.length === 1 ? named[0] : undefined;
}

/**
 * Whether its data is to be removed once its claim is gone: it was deleted, and it was not asked to keep what is in it.
 * While a claim has it, it stays.
 */
export function isToBeRemoved(volume: PersistentVolume): boolean {
  const { metadata, spec, status } = volume;
  return (
    metadata.deletionTimestamp !== undefined &&
    metadata.finalizers?.includes(DATA_FINALIZER) === true &&
    spec.persistentVolumeReclaimPolicy === 'Delete' &&
    status.phase !== 'Bound' &&
    isProvisionedHere(volume)
  );
}
