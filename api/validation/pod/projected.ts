/** Volumes whose files come from the pod itself, or from several sources at once. */
import { checkDnsSubdomain } from '../../machinery/names.ts';
import type {
  DownwardAPIVolumeFile,
  KeyToPath,
  ProjectedVolumeSource,
  ResourceFieldSelector,
  ServiceAccountTokenProjection,
  VolumeProjection,
} from '../../types/core.v1.ts';
import type { FieldErrors } from '../field-errors.ts';
import { validateFieldRef, validateResourceFieldRef } from './env.ts';
import { validateItems, validateLocalPath, validateMode } from './files.ts';

/** Fields of a pod that a file can hold: those that are known before it runs. */
const FILE_FIELDS: readonly string[] = [
  'metadata.annotations',
  'metadata.labels',
  'metadata.name',
  'metadata.namespace',
  'metadata.uid',
];
const LEAST_TOKEN_SECONDS = 600;
const MOST_TOKEN_SECONDS = 2 ** 32;
const SOURCES = ['secret', 'configMap', 'downwardAPI', 'serviceAccountToken'] as const;
const NOT_YET = ['clusterTrustBundle', 'podCertificate'] as const;

export function validateProjected(errors: FieldErrors, projected: ProjectedVolumeSource, path: string): void {
  validateMode(errors, projected.defaultMode, `${path}.defaultMode`);
  const paths = new Set<string>();
  projected.sources?.forEach((source, index) => {
    const at = `${path}.sources[${index}]`;
    validateProjection(errors, source, at);
    for (const file of pathsOf(source)) {
      if (file !== '' && paths.has(file)) errors.invalid(at, file, 'conflicting duplicate paths');
      paths.add(file);
    }
  });
}

function validateProjection(errors: FieldErrors, source: VolumeProjection, path: string): void {
  for (const field of NOT_YET) {
    if (source[field]) errors.forbidden(`${path}.${field}`, 'is not supported by this version of Dure');
  }
  const present = SOURCES.filter((field) => source[field] !== undefined);
  for (const extra of present.slice(1)) {
    errors.forbidden(`${path}.${extra}`, 'may not specify more than 1 volume type');
  }
  if (present.length === 0 && !NOT_YET.some((field) => source[field])) {
    errors.required(path, 'must specify at least one volume type');
  }
  const { secret, configMap, downwardAPI, serviceAccountToken } = source;
  if (secret) validateKeys(errors, secret, `${path}.secret`);
  if (configMap) validateKeys(errors, configMap, `${path}.configMap`);
  if (downwardAPI) validateDownward(errors, downwardAPI.items, `${path}.downwardAPI`);
  if (serviceAccountToken) validateToken(errors, serviceAccountToken, `${path}.serviceAccountToken`);
}

function validateKeys(errors: FieldErrors, source: { name?: string; items?: KeyToPath[] }, path: string): void {
  if (!source.name) errors.required(`${path}.name`);
  else errors.check(`${path}.name`, source.name, checkDnsSubdomain);
  validateItems(errors, source.items, path);
}

function validateToken(errors: FieldErrors, token: ServiceAccountTokenProjection, path: string): void {
  const { expirationSeconds = LEAST_TOKEN_SECONDS } = token;
  const field = `${path}.expirationSeconds`;
  if (expirationSeconds < LEAST_TOKEN_SECONDS) {
    errors.invalid(field, expirationSeconds, 'may not specify a duration less than 10 minutes');
  }
  if (expirationSeconds > MOST_TOKEN_SECONDS) {
    errors.invalid(field, expirationSeconds, 'may not specify a duration larger than 2^32 seconds');
  }
  if (!token.path) errors.required(`${path}.path`);
  else validateLocalPath(errors, token.path, `${path}.path`);
}

/** The files of a downwardAPI volume or projection. */
export function validateDownward(
  errors: FieldErrors,
  items: readonly DownwardAPIVolumeFile[] | undefined,
  path: string,
): void {
  items?.forEach((item, index) => {
    const at = `${path}.items[${index}]`;
    if (!item.path) errors.required(`${at}.path`);
    else validateLocalPath(errors, item.path, `${at}.path`);
    const { fieldRef, resourceFieldRef } = item;
    if (fieldRef) {
      validateFieldRef(errors, fieldRef, FILE_FIELDS, `${at}.fieldRef`);
      if (resourceFieldRef) {
        errors.invalid(at, 'resource', 'fieldRef and resourceFieldRef can not be specified simultaneously');
      }
    } else if (resourceFieldRef) validateResource(errors, resourceFieldRef, `${at}.resourceFieldRef`);
    else errors.required(at, 'one of fieldRef and resourceFieldRef is required');
    validateMode(errors, item.mode, `${at}.mode`);
  });
}

/** A file is of the pod: whose resources it tells must be said. */
function validateResource(errors: FieldErrors, selector: ResourceFieldSelector, path: string): void {
  if (!selector.containerName) errors.required(`${path}.containerName`);
  validateResourceFieldRef(errors, selector, path);
}

function pathsOf({ secret, configMap, downwardAPI, serviceAccountToken }: VolumeProjection): string[] {
  const items = [...(secret?.items ?? []), ...(configMap?.items ?? []), ...(downwardAPI?.items ?? [])];
  return [...items.map(({ path }) => path), ...(serviceAccountToken ? [serviceAccountToken.path] : [])];
}
