/** Where the content of a volume comes from: volumes of pods and persistent volumes have nearly the same sources. */
import { checkDnsLabel, checkDnsSubdomain, rangeMessage } from '../../machinery/names.ts';
import type { PersistentVolumeSource, SecretReference, VolumeSource } from '../../types/core.v1.ts';
import type { FieldErrors } from '../field-errors.ts';
import { validateHostPath, validateNoBacksteps } from './paths.ts';

export type SourceName = keyof PersistentVolumeSource | keyof VolumeSource;
type Fields = Readonly<Record<string, unknown>>;
type Check = (errors: FieldErrors, source: never, path: string) => void;

const MAX_BYTE = 255;
const MAX_TENANT = 64;
const REGISTRY = 'must be a host:port pair or multiple pairs separated by commas';
const ISCSI_NAMES = [
  /^iqn\.\d{4}-\d{2}\.[A-Za-z0-9\-.]+:[^,;*&$|\s]+$/,
  /^eui.[A-Za-z0-9]{16}$/,
  /^naa.[A-Za-z0-9]{32}$/,
];

/** Fields without which a source says nothing. */
const REQUIRED: Partial<Record<SourceName, readonly string[]>> = {
  gcePersistentDisk: ['pdName'],
  awsElasticBlockStore: ['volumeID'],
  gitRepo: ['repository'],
  nfs: ['server', 'path'],
  iscsi: ['targetPortal', 'iqn'],
  glusterfs: ['endpoints', 'path'],
  persistentVolumeClaim: ['claimName'],
  rbd: ['monitors', 'image'],
  cinder: ['volumeID'],
  cephfs: ['monitors'],
  quobyte: ['volume'],
  flexVolume: ['driver'],
  azureFile: ['secretName', 'shareName'],
  azureDisk: ['diskName', 'diskURI'],
  vsphereVolume: ['volumePath'],
  photonPersistentDisk: ['pdID'],
  portworxVolume: ['volumeID'],
  scaleIO: ['gateway', 'system', 'volumeName'],
  local: ['path'],
  storageos: ['volumeName'],
};

/** What else there is to say of them. */
const CHECKS: Partial<Record<SourceName, Check>> = {
  hostPath: validateHostPath,
  gitRepo: validateGitRepo,
  gcePersistentDisk: validatePartition,
  awsElasticBlockStore: validatePartition,
  nfs: validateNfs,
  iscsi: validateIscsi,
  glusterfs: validateGlusterfs,
  flocker: validateFlocker,
  fc: validateFibreChannel,
  quobyte: validateQuobyte,
  flexVolume: validateFlexOptions,
  azureDisk: validateAzureDisk,
  local: validateLocal,
  storageos: validateStorageOs,
  csi: validateCsi,
};

/** Those whose secret is in a namespace that must be named, as the volume itself is in none. */
const NAMES_SECRET: ReadonlySet<string> = new Set<SourceName>(['cinder', 'iscsi', 'storageos']);

/** One source. `scope` tells whether it stands in a pod or in a volume of the cluster. */
export function validateSource(
  errors: FieldErrors,
  name: SourceName,
  source: object,
  path: string,
  scope: 'pod' | 'cluster',
): void {
  const fields = source as Fields;
  for (const field of REQUIRED[name] ?? []) {
    const value = fields[field];
    if (!value || (Array.isArray(value) && value.length === 0)) errors.required(`${path}.${field}`);
  }
  // The table knows which check goes with which source.
  CHECKS[name]?.(errors, source as never, path);
  if (NAMES_SECRET.has(name)) validateSecretRef(errors, fields['secretRef'], `${path}.secretRef`, name, scope);
  if (name !== 'csi') return;
  if (scope === 'cluster') validateClusterCsi(errors, source as never, path);
  else validatePodCsi(errors, source as never, path);
}

function validateSecretRef(errors: FieldErrors, secretRef: unknown, path: string, name: string, scope: string): void {
  if (!secretRef) return;
  const reference = secretRef as Partial<SecretReference>;
  if (!reference.name) errors.required(`${path}.name`);
  if (scope === 'cluster' && name !== 'iscsi' && !reference.namespace) errors.required(`${path}.namespace`);
}

function validateGitRepo(
  errors: FieldErrors,
  { directory = '' }: NonNullable<VolumeSource['gitRepo']>,
  path: string,
): void {
  if (directory.startsWith('/')) errors.invalid(`${path}.directory`, directory, 'must be a relative path');
  validateNoBacksteps(errors, directory, `${path}.directory`);
}

function validatePartition(errors: FieldErrors, { partition = 0 }: { partition?: number }, path: string): void {
  if (partition < 0 || partition > MAX_BYTE) errors.invalid(`${path}.partition`, partition, rangeMessage(1, MAX_BYTE));
}

function validateNfs(errors: FieldErrors, nfs: NonNullable<VolumeSource['nfs']>, path: string): void {
  const target = (nfs as Partial<typeof nfs>).path ?? '';
  if (!target.startsWith('/')) errors.invalid(`${path}.path`, target, 'must be an absolute path');
}

function validateIscsi(errors: FieldErrors, source: NonNullable<VolumeSource['iscsi']>, path: string): void {
  const { iqn, lun = 0, initiatorName, secretRef } = source as Partial<typeof source>;
  if (iqn) validateIscsiName(errors, iqn, `${path}.iqn`);
  if (initiatorName !== undefined) validateIscsiName(errors, initiatorName, `${path}.initiatorname`);
  if (lun < 0 || lun > MAX_BYTE) errors.invalid(`${path}.lun`, lun, rangeMessage(0, MAX_BYTE));
  if ((source.chapAuthDiscovery || source.chapAuthSession) && !secretRef) errors.required(`${path}.secretRef`);
}

function validateIscsiName(errors: FieldErrors, name: string, path: string): void {
  if (!/^(iqn|eui|naa)/.test(name)) errors.invalid(path, name, 'must be valid format starting with iqn, eui, or naa');
  else if (!ISCSI_NAMES.some((form) => form.test(name))) errors.invalid(path, name, 'must be valid format');
}

function validateGlusterfs(
  errors: FieldErrors,
  { endpointsNamespace: namespace }: { endpointsNamespace?: string },
  path: string,
): void {
  const at = `${path}.endpointsNamespace`;
  if (namespace === undefined) return;
  if (namespace === '') {
    errors.invalid(at, namespace, 'if the endpointnamespace is set, it must be a valid namespace name');
  } else errors.check(at, namespace, checkDnsLabel);
}

function validateFlocker(
  errors: FieldErrors,
  { datasetName, datasetUUID }: NonNullable<VolumeSource['flocker']>,
  path: string,
): void {
  if (!datasetName && !datasetUUID) errors.required(path, 'one of datasetName and datasetUUID is required');
  if (datasetName && datasetUUID) {
    errors.invalid(path, 'resource', 'datasetName and datasetUUID can not be specified simultaneously');
  }
  if (datasetName?.includes('/')) errors.invalid(`${path}.datasetName`, datasetName, "must not contain '/'");
}

function validateFibreChannel(
  errors: FieldErrors,
  { targetWWNs = [], wwids = [], lun }: NonNullable<VolumeSource['fc']>,
  path: string,
): void {
  const at = `${path}.targetWWNs`;
  if (targetWWNs.length + wwids.length === 0) {
    errors.required(at, 'must specify either targetWWNs or wwids, but not both');
  }
  if (targetWWNs.length === 0) return;
  if (wwids.length > 0) errors.invalid(at, targetWWNs, 'targetWWNs and wwids can not be specified simultaneously');
  if (lun === undefined) errors.required(`${path}.lun`, 'lun is required if targetWWNs is specified');
  else if (lun < 0 || lun > MAX_BYTE) errors.invalid(`${path}.lun`, lun, rangeMessage(0, MAX_BYTE));
}

function validateQuobyte(errors: FieldErrors, source: NonNullable<VolumeSource['quobyte']>, path: string): void {
  const { registry, tenant = '' } = source as Partial<typeof source>;
  if (!registry) errors.required(`${path}.registry`, REGISTRY);
  else if (tenant.length > MAX_TENANT) {
    errors.required(`${path}.tenant`, 'must be a UUID and may not exceed a length of 64 characters');
  } else if (!registry.split(',').every((pair) => /^(\[[^\]]*\]|[^:[\]]*):[^:]*$/.test(pair))) {
    errors.invalid(`${path}.registry`, registry, REGISTRY);
  }
}

function validateFlexOptions(
  errors: FieldErrors,
  { options = {} }: NonNullable<VolumeSource['flexVolume']>,
  path: string,
): void {
  for (const key of Object.keys(options)) {
    if (!/(^|\.)(kubernetes\.io|k8s\.io)$/i.test(key.split('/', 1)[0] ?? '')) continue;
    errors.invalid(`${path}.options[${key}]`, key, 'kubernetes.io and k8s.io namespaces are reserved');
  }
}

const DISK_URI = {
  managed: '/subscriptions/{sub-id}/resourcegroups/{group-name}/providers/microsoft.compute/disks/{disk-id}',
  blob: 'https://{account-name}.blob.core.windows.net/{container-name}/{disk-name}.vhd',
};

function validateAzureDisk(errors: FieldErrors, source: NonNullable<VolumeSource['azureDisk']>, path: string): void {
  const { cachingMode, kind, diskURI = '' } = source as Partial<typeof source>;
  const oneOf = (field: string, value: string | undefined, supported: readonly string[]): void => {
    if (value !== undefined && !supported.includes(value)) errors.notSupported(`${path}.${field}`, value, supported);
  };
  oneOf('cachingMode', cachingMode, ['None', 'ReadOnly', 'ReadWrite']);
  oneOf('kind', kind, ['Dedicated', 'Managed', 'Shared']);
  if (kind === undefined) return;
  const isManaged = kind === 'Managed';
  if (diskURI.startsWith(isManaged ? '/subscriptions/' : 'https://')) return;
  errors.notSupported(`${path}.diskURI`, diskURI, [isManaged ? DISK_URI.managed : DISK_URI.blob]);
}

function validateLocal(errors: FieldErrors, { path: target }: { path?: string }, path: string): void {
  if (target) validateNoBacksteps(errors, target, `${path}.path`);
}

function validateStorageOs(
  errors: FieldErrors,
  { volumeName, volumeNamespace }: NonNullable<VolumeSource['storageos']>,
  path: string,
): void {
  if (volumeName) errors.check(`${path}.volumeName`, volumeName, checkDnsLabel);
  if (volumeNamespace) errors.check(`${path}.volumeNamespace`, volumeNamespace, checkDnsLabel);
}

const MAX_DRIVER = 63;

function validateCsi(errors: FieldErrors, { driver }: { driver?: string }, path: string): void {
  if (!driver) errors.required(`${path}.driver`);
  else {
    if (driver.length > MAX_DRIVER) errors.tooLong(`${path}.driver`, MAX_DRIVER);
    errors.invalidEach(`${path}.driver`, driver, checkDnsSubdomain(driver.toLowerCase()));
  }
}

const CSI_SECRETS = [
  'controllerPublishSecretRef',
  'controllerExpandSecretRef',
  'nodePublishSecretRef',
  'nodeExpandSecretRef',
] as const satisfies readonly (keyof NonNullable<PersistentVolumeSource['csi']>)[];

function validateClusterCsi(errors: FieldErrors, csi: NonNullable<PersistentVolumeSource['csi']>, path: string): void {
  if (!csi.volumeHandle) errors.required(`${path}.volumeHandle`);
  for (const field of CSI_SECRETS) {
    const reference: Partial<SecretReference> | undefined = csi[field];
    if (!reference) continue;
    const at = `${path}.${field}`;
    if (!reference.name) errors.required(`${at}.name`);
    else errors.check(`${at}.name`, reference.name, checkDnsSubdomain);
    if (!reference.namespace) errors.required(`${at}.namespace`);
    else errors.check(`${at}.namespace`, reference.namespace, checkDnsLabel);
  }
}

function validatePodCsi(errors: FieldErrors, csi: NonNullable<VolumeSource['csi']>, path: string): void {
  const reference = csi.nodePublishSecretRef;
  if (!reference) return;
  if (!reference.name) errors.required(`${path}.nodePublishSecretRef.name`);
  else errors.check(`${path}.name`, reference.name, checkDnsSubdomain);
}
