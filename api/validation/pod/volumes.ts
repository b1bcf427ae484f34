/** Volumes of a pod and where containers mount them. */
import { checkConfigKey, checkDnsLabel, checkDnsSubdomain } from '../../machinery/names.ts';
import type { Container, HostPathVolumeSource, KeyToPath, Volume } from '../../schema/types/core.v1.ts';
import type { FieldErrors } from '../field-errors.ts';
import { validateQuantity } from '../resources.ts';

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
const MAX_MODE = 0o777;
const MODE_MESSAGE = 'must be a number between 0 and 0777 (octal), both inclusive';

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
  const { configMap, secret, hostPath, emptyDir } = volume;
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
}

function validateFiles(
  errors: FieldErrors,
  { defaultMode, items }: { defaultMode?: number; items?: KeyToPath[] },
  path: string,
): void {
  validateMode(errors, defaultMode, `${path}.defaultMode`);
  items?.forEach((item, index) => {
    const at = `${path}.items[${index}]`;
    if (!item.key) errors.required(`${at}.key`);
    else errors.check(`${at}.key`, item.key, checkConfigKey);
    if (!item.path) errors.required(`${at}.path`);
    else validateLocalPath(errors, item.path, `${at}.path`);
    validateMode(errors, item.mode, `${at}.mode`);
  });
}

function validateMode(errors: FieldErrors, mode: number | undefined, path: string): void {
  if (mode !== undefined && (mode < 0 || mode > MAX_MODE)) errors.invalid(path, mode, MODE_MESSAGE);
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

function validateLocalPath(errors: FieldErrors, local: string, path: string): void {
  if (local.startsWith('/')) errors.invalid(path, local, 'must be a relative path');
  if (local.split('/').includes('..')) errors.invalid(path, local, "must not contain '..'");
  else if (local.startsWith('..')) errors.invalid(path, local, "must not start with '..'");
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
