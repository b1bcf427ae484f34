/** Environment variables of containers. */
import { checkConfigKey, checkDnsSubdomain, checkQualifiedName, checkRelaxedEnvName } from '../../machinery/names.ts';
import type {
  ConfigMapKeySelector,
  EnvFromSource,
  EnvVar,
  EnvVarSource,
  ObjectFieldSelector,
  ResourceFieldSelector,
} from '../../types/core.v1.ts';
import type { FieldErrors } from '../field-errors.ts';

/** Fields of a pod that `fieldRef` can name in an environment variable. */
export const ENV_FIELDS: readonly string[] = [
  'metadata.name',
  'metadata.namespace',
  'metadata.uid',
  'spec.nodeName',
  'spec.serviceAccountName',
  'status.hostIP',
  'status.hostIPs',
  'status.podIP',
  'status.podIPs',
];
const ENV_RESOURCES: readonly string[] = [
  'limits.cpu',
  'limits.ephemeral-storage',
  'limits.memory',
  'requests.cpu',
  'requests.ephemeral-storage',
  'requests.memory',
];
const SOURCES = ['fieldRef', 'resourceFieldRef', 'configMapKeyRef', 'secretKeyRef', 'fileKeyRef'] as const;
const SUBSCRIPT = /^(metadata\.(?:annotations|labels))\['(.*)'\]$/;

export function validateEnv(errors: FieldErrors, variables: readonly EnvVar[] | undefined, path: string): void {
  variables?.forEach((variable, index) => {
    const at = `${path}[${index}]`;
    if (!variable.name) errors.required(`${at}.name`);
    else errors.check(`${at}.name`, variable.name, checkRelaxedEnvName);
    if (variable.valueFrom) validateSource(errors, variable.valueFrom, variable.value, `${at}.valueFrom`);
  });
}

function validateSource(errors: FieldErrors, source: EnvVarSource, value: string | undefined, path: string): void {
  const present = SOURCES.filter((field) => source[field] !== undefined);
  if (source.fieldRef) validateFieldRef(errors, source.fieldRef, ENV_FIELDS, `${path}.fieldRef`);
  if (source.resourceFieldRef) validateResourceFieldRef(errors, source.resourceFieldRef, `${path}.resourceFieldRef`);
  if (source.configMapKeyRef) validateKeyRef(errors, source.configMapKeyRef, `${path}.configMapKeyRef`);
  if (source.secretKeyRef) validateKeyRef(errors, source.secretKeyRef, `${path}.secretKeyRef`);
  if (present.length === 0) {
    const detail =
      'must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`';
    errors.invalid(path, '', detail);
  } else if (value) {
    errors.invalid(path, '', 'may not be specified when `value` is not empty');
  } else if (present.length > 1) {
    errors.invalid(path, '', 'may not have more than one field specified at a time');
  }
}

export function validateFieldRef(
  errors: FieldErrors,
  { apiVersion, fieldPath }: ObjectFieldSelector,
  supported: readonly string[],
  path: string,
): void {
  if (!apiVersion) errors.required(`${path}.apiVersion`);
  else if (apiVersion !== 'v1') {
    errors.invalid(
      `${path}.fieldPath`,
      fieldPath,
      `error converting fieldPath: pod conversion not possible from ${apiVersion}`,
    );
  }
  if (!fieldPath) {
    errors.required(`${path}.fieldPath`);
    return;
  }
  const subscript = SUBSCRIPT.exec(fieldPath);
  if (subscript) {
    const key = subscript[2] ?? '';
    errors.invalidEach(
      path,
      key,
      checkQualifiedName(subscript[1] === 'metadata.annotations' ? key.toLowerCase() : key),
    );
  } else if (!supported.includes(fieldPath)) {
    errors.notSupported(`${path}.fieldPath`, fieldPath, supported);
  }
}

export function validateResourceFieldRef(errors: FieldErrors, { resource }: ResourceFieldSelector, path: string): void {
  if (!resource) errors.required(`${path}.resource`);
  else if (!ENV_RESOURCES.includes(resource) && !/^(limits|requests)\.hugepages-/.test(resource)) {
    errors.notSupported(`${path}.resource`, resource, ENV_RESOURCES);
  }
}

function validateKeyRef(errors: FieldErrors, { name, key }: ConfigMapKeySelector, path: string): void {
  if (!name) errors.required(`${path}.name`);
  else errors.check(`${path}.name`, name, checkDnsSubdomain);
  if (!key) errors.required(`${path}.key`);
  else errors.check(`${path}.key`, key, checkConfigKey);
}

export function validateEnvFrom(
  errors: FieldErrors,
  sources: readonly EnvFromSource[] | undefined,
  path: string,
): void {
  sources?.forEach((source, index) => {
    const at = `${path}[${index}]`;
    if (source.prefix) errors.check(`${at}.prefix`, source.prefix, checkRelaxedEnvName);
    for (const field of ['configMapRef', 'secretRef'] as const) {
      const reference = source[field];
      if (!reference) continue;
      if (!reference.name) errors.required(`${at}.${field}.name`);
      else errors.check(`${at}.${field}.name`, reference.name, checkDnsSubdomain);
    }
    if (!source.configMapRef && !source.secretRef) {
      errors.invalid(at, '', 'must specify one of: `configMapRef` or `secretRef`');
    } else if (source.configMapRef && source.secretRef) {
      errors.invalid(at, '', 'may not have more than one field specified at a time');
    }
  });
}
