/** Volumes of a pod and where containers mount them. */
import { checkDnsLabel, checkDnsSubdomain } from '../../machinery/names.ts';
import type { Container, HostPathVolumeSource, KeyToPath, Volume } from '../../schema/types/core.v1.ts';
import type { FieldErrors } from '../field-errors.ts';
import { validateQuantity } from '../resources.ts';
import { validateItems, validateMode } from './files.ts';
import { validateDownward, validateProjected } from './projected.ts';

const HOST_PATH_TYPES = [
  '',
  'BlockDevice',
  'CharDevice',
  'Directory',
  'DirectoryOrCreate',
  'File',
  'FileOrCreate',
  'Socket',
];

export function validateVolumes(errors: FieldErrors, volumes: readonly Volume[] | undefined, path: string): void {
  const names = new Set<string>();
  volumes?.forEach((volume, index) => {
    const at = `${path}[${index}]`;
    validateSource(errors, volume, at);
    if (!volume.name) errors.required(`${at}.name`);
    else errors.check(`${at}.name`, volume.name, checkDnsLabel);
    if (names.has(volume.name)) errors.duplicate(`${at}.name`, volume.name);
    names.add(volume.name);
  });
}

function validateSource(errors: FieldErrors, volume: Volume, path: string): void {
  const sources = Object.keys(volume).filter(
    (field) => field !== 'name' && volume[field as keyof Volume] !== undefined,
  );
  if (sources.length === 0) errors.required(path, 'must specify a volume type');
  for (const extra of sources.slice(1)) errors.forbidden(`${path}.${extra}`, 'may not specify more than 1 volume type');
  const { configMap, secret, hostPath, emptyDir, downwardAPI, projected } = volume;
  if (hostPath) validateHostPath(errors, hostPath, `${path}.hostPath`);
  if (emptyDir?.sizeLimit !== undefined) validateQuantity(errors, emptyDir.sizeLimit, `${path}.emptyDir.sizeLimit`);
  if (configMap) {
    if (!configMap.name) errors.required(`${path}.configMap.name`);
    validateFiles(errors, configMap, `${path}.configMap`);
  }
  if (secret) {
    if (!secret.secretName) errors.required(`${path}.secret.secretName`);
    validateFiles(errors, secret, `${path}.secret`);
  }
  if (downwardAPI) {
    validateMode(errors, downwardAPI.defaultMode, `${path}.downwardAPI.defaultMode`);
    validateDownward(errors, downwardAPI.items, `${path}.downwardAPI`);
  }
  if (projected) validateProjected(errors, projected, `${path}.projected`);
}

function validateFiles(
  errors: FieldErrors,
  { defaultMode, items }: { defaultMode?: number; items?: KeyToPath[] },
  path: string,
): void {
  validateMode(errors, defaultMode, `${path}.defaultMode`);
  validateItems(errors, items, path);
}

function validateHostPath(
  errors: FieldErrors,
  { path: hostPath, type = '' }: HostPathVolumeSource,
  path: string,
): void {
  if (!hostPath) errors.required(`${path}.path`);
  else if (hostPath.split('/').includes('..')) errors.invalid(`${path}.path`, hostPath, "must not contain '..'");
  if (!HOST_PATH_TYPES.includes(type)) errors.notSupported(`${path}.type`, type, HOST_PATH_TYPES);
}

export function validateMounts(
  errors: FieldErrors,
  container: Container,
  volumes: readonly Volume[] | undefined,
  path: string,
): void {
  const paths = new Set<string>();
  container.volumeMounts?.forEach((mount, index) => {
    const at = `${path}.volumeMounts[${index}]`;
    if (!mount.name) errors.required(`${at}.name`);
    else if (!volumes?.some(({ name }) => name === mount.name)) errors.notFound(`${at}.name`, mount.name);
    if (!mount.mountPath) errors.required(`${at}.mountPath`);
    else if (paths.has(mount.mountPath)) errors.invalid(`${at}.mountPath`, mount.mountPath, 'must be unique');
    paths.add(mount.mountPath);
    if (mount.subPath) validateLocalSubPath(errors, mount.subPath, `${at}.subPath`);
    if (mount.subPathExpr) validateLocalSubPath(errors, mount.subPathExpr, `${at}.subPathExpr`);
    if (mount.subPath && mount.subPathExpr) {
      errors.invalid(`${at}.subPathExpr`, mount.subPathExpr, 'subPathExpr and subPath are mutually exclusive');
    }
    if (mount.mountPropagation !== undefined) validatePropagation(errors, mount.mountPropagation, container, at);
  });
}

function validateLocalSubPath(errors: FieldErrors, subPath: string, path: string): void {
  if (subPath.startsWith('/')) errors.invalid(path, subPath, 'must be a relative path');
  if (subPath.split('/').includes('..')) errors.invalid(path, subPath, "must not contain '..'");
}

function validatePropagation(errors: FieldErrors, propagation: string, container: Container, path: string): void {
  errors.oneOf(`${path}.mountPropagation`, propagation, ['Bidirectional', 'HostToContainer', 'None']);
  if (propagation === 'Bidirectional' && !container.securityContext?.privileged) {
    errors.forbidden(
      `${path}.mountPropagation`,
      'Bidirectional mount propagation is available only to privileged containers',
    );
  }
}

export function validateReferenceName(errors: FieldErrors, name: string | undefined, path: string): void {
  if (!name) errors.required(path);
  else errors.check(path, name, checkDnsSubdomain);
}
