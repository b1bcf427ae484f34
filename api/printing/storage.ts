/** Columns of volumes and claims. */
import type { PersistentVolume, PersistentVolumeClaim } from '../types/core.v1.ts';
import { ageColumn, type Column, nameColumn } from './columns.ts';

const CLASS_ANNOTATION = 'volume.beta.kubernetes.io/storage-class';

/** In this order, whatever order they are given in. */
const ACCESS_MODES: readonly (readonly [string, string])[] = [
  ['ReadWriteOnce', 'RWO'],
  ['ReadOnlyMany', 'ROX'],
  ['ReadWriteMany', 'RWX'],
  ['ReadWriteOncePod', 'RWOP'],
];

export function accessModes(modes: readonly string[] | undefined): string {
  return ACCESS_MODES.filter(([mode]) => modes?.includes(mode))
    .map(([, short]) => short)
    .join(',');
}

export function classOf({ metadata, spec }: PersistentVolume | PersistentVolumeClaim): string {
  return metadata.annotations?.[CLASS_ANNOTATION] ?? spec.storageClassName ?? '';
}

function phaseOf({ metadata, status }: PersistentVolume | PersistentVolumeClaim): string {
  return metadata.deletionTimestamp === undefined ? (status.phase ?? '') : 'Terminating';
}

const sharedColumns = {
  storageClass: { name: 'StorageClass', description: 'The class it is of.', cell: classOf },
  attributesClass: {
    name: 'VolumeAttributesClass',
    description: 'The class its attributes are of.',
    cell: ({ spec }: PersistentVolume | PersistentVolumeClaim) => spec.volumeAttributesClassName ?? '<unset>',
  },
  mode: {
    name: 'VolumeMode',
    description: 'Whether it is a file system or a block device.',
    wide: true,
    cell: ({ spec }: PersistentVolume | PersistentVolumeClaim) => spec.volumeMode ?? '<unset>',
  },
};

export const persistentVolumeColumns: readonly Column<PersistentVolume>[] = [
  nameColumn,
  { name: 'Capacity', description: 'Its size.', cell: ({ spec }) => spec.capacity?.['storage'] ?? '0' },
  { name: 'Access Modes', description: 'Who may use it at once.', cell: ({ spec }) => accessModes(spec.accessModes) },
  {
    name: 'Reclaim Policy',
    description: 'What becomes of it when its claim goes.',
    cell: ({ spec }) => spec.persistentVolumeReclaimPolicy ?? '',
  },
  { name: 'Status', description: 'Whether it is bound to a claim.', cell: phaseOf },
  {
    name: 'Claim',
    description: 'The claim it is bound to.',
    cell: ({ spec: { claimRef } }) => (claimRef ? `${claimRef.namespace ?? ''}/${claimRef.name ?? ''}` : ''),
  },
  sharedColumns.storageClass,
  sharedColumns.attributesClass,
  { name: 'Reason', description: 'Why it is in this state.', cell: ({ status }) => status.reason ?? '' },
  ageColumn,
  sharedColumns.mode,
];

export const claimColumns: readonly Column<PersistentVolumeClaim>[] = [
  nameColumn,
  { name: 'Status', description: 'Whether it is bound to a volume.', cell: phaseOf },
  { name: 'Volume', description: 'The volume it is bound to.', cell: ({ spec }) => spec.volumeName ?? '' },
  {
    name: 'Capacity',
    description: 'The size of its volume.',
    cell: ({ spec, status }) => (spec.volumeName ? (status.capacity?.['storage'] ?? '0') : ''),
  },
  {
    name: 'Access Modes',
    description: 'Who may use its volume at once.',
    cell: ({ spec, status }) => (spec.volumeName ? accessModes(status.accessModes) : ''),
  },
  sharedColumns.storageClass,
  sharedColumns.attributesClass,
  ageColumn,
  sharedColumns.mode,
];
