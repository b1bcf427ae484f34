/** Volumes of a pod and where containers mount them. */
import { checkDnsLabel, checkDnsSubdomain } from '../../machinery/names.ts';
import type { Container, EphemeralVolumeSource, KeyToPath, Volume, VolumeMount } from '../../types/core.v1.ts';
import type { ObjectMeta } from '../../types/meta.v1.ts';
import type { FieldErrors } from '../field-errors.ts';
import { validateAnnotations, validateLabels } from '../metadata.ts';
import { validateQuantity } from '../resources.ts';
import { validateClaimSpec } from '../storage/claim.ts';
import { type SourceName, validateSource as validateSharedSource } from '../storage/sources.ts';
import { validateItems, validateMode } from './files.ts';
import { validateDownward, validateProjected } from './projected.ts';

const RECURSIVE = ['Disabled', 'Enabled', 'IfPossible'];
const PULL_POLICIES = ['Always', 'IfNotPresent', 'Never'];
/** Sources that are looked at here; all others are those of persistent volumes too. */
const OWN: ReadonlySet<string> = new Set<keyof Volume>([
  'emptyDir',
  'configMap',
  'secret',
  'downwardAPI',
  'projected',
  'ephemeral',
  'image',
]);

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
  const { configMap, secret, emptyDir, downwardAPI, projected, ephemeral, image } = volume;
  const shared = sources.find((source) => !OWN.has(source)) as SourceName | undefined;
  const source: object | undefined = shared && volume[shared as keyof Volume & SourceName];
  if (shared && source) validateSharedSource(errors, shared, source, `${path}.${shared}`, 'pod');
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
  if (ephemeral) validateEphemeral(errors, ephemeral, `${path}.ephemeral`);
  const policy = image?.pullPolicy;
  if (policy && !PULL_POLICIES.includes(policy)) errors.notSupported(`${path}.image.pullPolicy`, policy, PULL_POLICIES);
}

/** A claim that is made with the pod and goes with it. */
function validateEphemeral(
  errors: FieldErrors,
  { volumeClaimTemplate: template }: EphemeralVolumeSource,
  path: string,
): void {
  const at = `${path}.volumeClaimTemplate`;
  if (!template) {
    errors.required(at);
    return;
  }
  const { annotations, labels, ...others }: Partial<ObjectMeta> = template.metadata ?? {};
  validateAnnotations(errors, annotations, `${at}.metadata.annotations`);
  validateLabels(errors, labels, `${at}.metadata.labels`);
  for (const field of Object.keys(others)) errors.forbidden(`${at}.metadata.${field}`, 'cannot be set');
  validateClaimSpec(errors, template.spec ?? {}, `${at}.spec`);
}

function validateFiles(
  errors: FieldErrors,
  { defaultMode, items }: { defaultMode?: number; items?: KeyToPath[] },
  path: string,
): void {
  validateMode(errors, defaultMode, `${path}.defaultMode`);
  validateItems(errors, items, path);
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
    validateRecursion(errors, mount, `${at}.recursiveReadOnly`);
  });
}

function validateRecursion(
  errors: FieldErrors,
  { recursiveReadOnly, readOnly, mountPropagation }: VolumeMount,
  path: string,
): void {
  if (recursiveReadOnly === undefined || recursiveReadOnly === 'Disabled') return;
  if (!RECURSIVE.includes(recursiveReadOnly)) errors.notSupported(path, recursiveReadOnly, RECURSIVE);
  else {
    if (!readOnly) errors.forbidden(path, 'may only be specified when readOnly is true');
    if (mountPropagation !== undefined && mountPropagation !== 'None') {
      errors.forbidden(path, 'may only be specified when mountPropagation is None or not specified');
    }
  }
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
