/** Defaults of volumes and claims to them. */
import type { PersistentVolume, PersistentVolumeClaim, PersistentVolumeClaimSpec } from '../types/core.v1.ts';

export function defaultClaim(claim: PersistentVolumeClaim): void {
  claim.spec ??= {} as PersistentVolumeClaim['spec'];
  claim.status ??= {};
  claim.status.phase ||= 'Pending';
  defaultClaimSpec(claim.spec);
}

export function defaultClaimSpec(spec: PersistentVolumeClaimSpec): void {
  spec.resources ??= {};
  spec.volumeMode ??= 'Filesystem';
}

/** Where its content comes from can be said in two fields; who fills in one gets the other. */
export function normalizeSources(spec: PersistentVolumeClaimSpec): void {
  const { dataSource, dataSourceRef } = spec;
  if (dataSource && !dataSourceRef) spec.dataSourceRef = { ...dataSource };
  if (!dataSourceRef || dataSource || dataSourceRef.namespace) return;
  const { namespace: _namespace, ...source } = dataSourceRef;
  spec.dataSource = source;
}

export function defaultVolume(volume: PersistentVolume): void {
  volume.spec ??= {};
  volume.status ??= {};
  volume.status.phase ||= 'Pending';
  volume.spec.persistentVolumeReclaimPolicy ||= 'Retain';
  volume.spec.volumeMode ??= 'Filesystem';
  if (volume.spec.hostPath) volume.spec.hostPath.type ??= '';
}
