/** PersistentVolume. */
import type { FieldError } from '../../errors.ts';
import { sameJson } from '../../machinery/json.ts';
import { checkDnsSubdomain } from '../../machinery/names.ts';
import type { PersistentVolume, PersistentVolumeSource, PersistentVolumeSpec } from '../../types/core.v1.ts';
import { FieldErrors } from '../field-errors.ts';
import { validatePositiveQuantity } from '../resources.ts';
import { validateNodeSelector } from '../selectors.ts';
import { validateAccessModes, VOLUME_MODES } from './claim.ts';
import { validateSource } from './sources.ts';

const RECLAIM_POLICIES = ['Delete', 'Recycle', 'Retain'];
const MOUNT_OPTIONS = 'volume.beta.kubernetes.io/mount-options';
const MAX_ISCSI_NAME = 64;

/** In the order in which they are looked at. */
const SOURCES = [
  'hostPath',
  'gcePersistentDisk',
  'awsElasticBlockStore',
  'glusterfs',
  'flocker',
  'nfs',
  'rbd',
  'quobyte',
  'cephfs',
  'iscsi',
  'cinder',
  'fc',
  'flexVolume',
  'azureFile',
  'vsphereVolume',
  'photonPersistentDisk',
  'portworxVolume',
  'azureDisk',
  'scaleIO',
  'local',
  'storageos',
  'csi',
] as const satisfies readonly (keyof PersistentVolumeSource)[];

/** Sources for which nobody would pass on the mount options of the annotation. */
const WITHOUT_MOUNT_OPTIONS: ReadonlySet<string> = new Set<keyof PersistentVolumeSource>([
  'hostPath',
  'flocker',
  'fc',
  'flexVolume',
  'portworxVolume',
  'scaleIO',
  'local',
  'storageos',
  'csi',
]);

export function validateVolume({ metadata, spec }: PersistentVolume): FieldError[] {
  const errors = new FieldErrors();
  validateCapacity(errors, spec);
  const policy = spec.persistentVolumeReclaimPolicy;
  if (policy && !RECLAIM_POLICIES.includes(policy)) {
    errors.notSupported('spec.persistentVolumeReclaimPolicy', policy, RECLAIM_POLICIES);
  }
  validateSources(errors, spec, metadata.name ?? '');
  if (isRoot(spec.hostPath?.path) && policy === 'Recycle') {
    const detail = "may not be 'recycle' for a hostPath mount of '/'";
    errors.forbidden('spec.persistentVolumeReclaimPolicy', detail);
  }
  validateClasses(errors, spec);
  if (spec.volumeMode !== undefined && !VOLUME_MODES.includes(spec.volumeMode)) {
    errors.notSupported('spec.volumeMode', spec.volumeMode, VOLUME_MODES);
  }
  if (Object.hasOwn(metadata.annotations ?? {}, MOUNT_OPTIONS) && sourcesOf(spec).some(lacksMountOptions)) {
    const detail = 'may not specify mount options for this volume type';
    errors.forbidden(`metadata.annotations.${MOUNT_OPTIONS}`, detail);
  }
  return errors.list;
}

function lacksMountOptions(source: string): boolean {
  return WITHOUT_MOUNT_OPTIONS.has(source);
}

function isRoot(path: string | undefined): boolean {
  return path !== undefined && /^\/[/.]*$/.test(path);
}

function sourcesOf(spec: PersistentVolumeSpec): (typeof SOURCES)[number][] {
  return SOURCES.filter((source) => spec[source] !== undefined);
}

function validateCapacity(errors: FieldErrors, { accessModes = [], capacity = {} }: PersistentVolumeSpec): void {
  if (accessModes.length === 0) errors.required('spec.accessModes');
  validateAccessModes(errors, accessModes, 'spec.accessModes');
  const names = Object.keys(capacity);
  if (names.length === 0) errors.required('spec.capacity');
  if (names.length !== 1 || names[0] !== 'storage') errors.notSupported('spec.capacity', capacity, ['storage']);
  for (const [name, amount] of Object.entries(capacity)) {
    validatePositiveQuantity(errors, amount, `spec.capacity[${name}]`);
  }
}

function validateSources(errors: FieldErrors, spec: PersistentVolumeSpec, name: string): void {
  const { nodeAffinity, iscsi } = spec;
  if (nodeAffinity?.required) validateNodeSelector(errors, nodeAffinity.required, 'spec.nodeAffinity.required');
  else if (nodeAffinity) errors.required('spec.nodeAffinity.required', 'must specify required node constraints');
  const source = validateVolumeSource(errors, spec, 'spec');
  if (source === 'local' && !nodeAffinity) {
    errors.required('spec.nodeAffinity', 'Local volume requires node affinity');
  }
  if (iscsi?.initiatorName !== undefined && `${name}:${iscsi.targetPortal}`.length > MAX_ISCSI_NAME) {
    const detail =
      'Total length of <volume name>:<iscsi.targetPortal> must be under 64 characters if iscsi.initiatorName is specified.';
    errors.invalid('spec.iscsi.targetportal', iscsi.targetPortal, detail);
  }
}

/** Returns the one that counts. */
export function validateVolumeSource(
  errors: FieldErrors,
  spec: PersistentVolumeSpec,
  path: string,
): string | undefined {
  const [source, ...others] = sourcesOf(spec);
  for (const other of others) errors.forbidden(`${path}.${other}`, 'may not specify more than 1 volume type');
  if (source === undefined) {
    errors.required(path, 'must specify a volume type');
    return undefined;
  }
  const field = source === 'gcePersistentDisk' ? 'persistentDisk' : source;
  validateSource(errors, source, spec[source]!, `${path}.${field}`, 'cluster');
  return source;
}

function validateClasses(errors: FieldErrors, spec: PersistentVolumeSpec): void {
  if (spec.storageClassName) errors.check('spec.storageClassName', spec.storageClassName, checkDnsSubdomain);
  validateAttributesClass(errors, spec, 'spec');
}

export function validateAttributesClass(
  errors: FieldErrors,
  { volumeAttributesClassName: name, csi }: PersistentVolumeSpec,
  path: string,
): void {
  if (name === undefined) return;
  if (name === '') errors.required(`${path}.volumeAttributesClassName`, 'an empty string is disallowed');
  else errors.check(`${path}.volumeAttributesClassName`, name, checkDnsSubdomain);
  if (!csi) errors.required(`${path}.csi`, 'has to be specified when using volumeAttributesClassName');
}

export function validateVolumeUpdate(
  { spec: next }: PersistentVolume,
  { spec: previous }: PersistentVolume,
): FieldError[] {
  const errors = new FieldErrors();
  const isSame = SOURCES.every((source) => sameJson(sourceOf(next, previous, source), previous[source]));
  if (!isSame)
    errors.forbidden('spec.persistentvolumesource', 'spec.persistentvolumesource is immutable after creation');
  errors.immutable('volumeMode', next.volumeMode === previous.volumeMode, next.volumeMode);
  if (previous.nodeAffinity && !sameJson(next.nodeAffinity, previous.nodeAffinity)) {
    const detail = 'field is immutable, except for updating from beta label to GA';
    errors.invalid('nodeAffinity', next.nodeAffinity, detail);
  }
  if (previous.volumeAttributesClassName !== undefined && next.volumeAttributesClassName === undefined) {
    errors.forbidden('spec.volumeAttributesClassName', 'update from non-nil value to nil is forbidden');
  }
  return errors.list;
}

/** A driver that could not grow the volume before may be given the secret for it. */
function sourceOf(
  next: PersistentVolumeSpec,
  previous: PersistentVolumeSpec,
  source: (typeof SOURCES)[number],
): unknown {
  if (source !== 'csi' || !next.csi || !previous.csi || previous.csi.controllerExpandSecretRef) return next[source];
  return { ...next.csi, controllerExpandSecretRef: undefined };
}
