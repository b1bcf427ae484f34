/** ConfigMap, Secret, ServiceAccount. */
import type { FieldError } from '../errors.ts';
import { sameJson } from '../machinery/json.ts';
import { checkConfigKey, checkDnsSubdomain } from '../machinery/names.ts';
import type { ConfigMap, Secret, ServiceAccount } from '../types/core.v1.ts';
import { FieldErrors } from './field-errors.ts';

const MAX_BYTES = 1024 * 1024;
const IMMUTABLE = 'field is immutable when `immutable` is set';

export function validateConfigMap({ data = {}, binaryData = {} }: ConfigMap): FieldError[] {
  const errors = new FieldErrors();
  let bytes = 0;
  for (const [key, value] of Object.entries(data)) {
    errors.check(`data[${key}]`, key, checkConfigKey);
    if (Object.hasOwn(binaryData, key)) errors.invalid(`data[${key}]`, key, 'duplicate of key present in binaryData');
    bytes += Buffer.byteLength(value);
  }
  for (const [key, value] of Object.entries(binaryData)) {
    errors.check(`binaryData[${key}]`, key, checkConfigKey);
    bytes += Buffer.byteLength(value, 'base64');
  }
  if (bytes > MAX_BYTES) errors.tooLong('', MAX_BYTES);
  return errors.list;
}

export function validateConfigMapUpdate(next: ConfigMap, previous: ConfigMap): FieldError[] {
  const errors = new FieldErrors();
  if (!previous.immutable) return errors.list;
  if (!next.immutable) errors.forbidden('immutable', IMMUTABLE);
  if (!sameJson(next.data ?? {}, previous.data ?? {})) errors.forbidden('data', IMMUTABLE);
  if (!sameJson(next.binaryData ?? {}, previous.binaryData ?? {})) errors.forbidden('binaryData', IMMUTABLE);
  return errors.list;
}

/** What a secret of a type must hold: all of these keys. */
const REQUIRED_KEYS: ReadonlyMap<string, readonly string[]> = new Map([
  ['kubernetes.io/dockercfg', ['.dockercfg']],
  ['kubernetes.io/dockerconfigjson', ['.dockerconfigjson']],
  ['kubernetes.io/ssh-auth', ['ssh-privatekey']],
  ['kubernetes.io/tls', ['tls.crt', 'tls.key']],
]);
const JSON_TYPES: ReadonlySet<string> = new Set(['kubernetes.io/dockercfg', 'kubernetes.io/dockerconfigjson']);
const ACCOUNT_NAME = 'kubernetes.io/service-account.name';

export function validateSecret({ metadata, type = '', data = {} }: Secret): FieldError[] {
  const errors = new FieldErrors();
  let bytes = 0;
  for (const [key, value] of Object.entries(data)) {
    errors.check(`data[${key}]`, key, checkConfigKey);
    bytes += Buffer.byteLength(value, 'base64');
  }
  if (bytes > MAX_BYTES) errors.tooLong('data', MAX_BYTES);
  for (const key of REQUIRED_KEYS.get(type) ?? []) validateRequiredKey(errors, data, key, JSON_TYPES.has(type));
  if (type === 'kubernetes.io/service-account-token' && !metadata.annotations?.[ACCOUNT_NAME]) {
    errors.required(`metadata.annotations[${ACCOUNT_NAME}]`);
  }
  if (type === 'kubernetes.io/basic-auth' && data['username'] === undefined && data['password'] === undefined) {
    errors.required('data[username]');
    errors.required('data[password]');
  }
  return errors.list;
}

function validateRequiredKey(errors: FieldErrors, data: Record<string, string>, key: string, isJson: boolean): void {
  const value = data[key];
  if (value === undefined) errors.required(`data[${key}]`);
  else if (isJson && !parses(value)) errors.invalid(`data[${key}]`, '<secret contents redacted>', 'must be valid JSON');
}

function parses(base64: string): boolean {
  try {
    JSON.parse(Buffer.from(base64, 'base64').toString('utf8'));
    return true;
  } catch {
    // That it does not parse is the answer.
    return false;
  }
}

export function validateSecretUpdate(next: Secret, previous: Secret): FieldError[] {
  const errors = new FieldErrors();
  errors.immutable('type', next.type === previous.type, next.type);
  if (!previous.immutable) return errors.list;
  if (!next.immutable) errors.forbidden('immutable', IMMUTABLE);
  if (!sameJson(next.data ?? {}, previous.data ?? {})) errors.forbidden('data', IMMUTABLE);
  return errors.list;
}

export function validateServiceAccount({ imagePullSecrets = [] }: ServiceAccount): FieldError[] {
  const errors = new FieldErrors();
  imagePullSecrets.forEach(({ name = '' }, index) => {
    if (name) errors.check(`imagePullSecrets[${index}].name`, name, checkDnsSubdomain);
  });
  return errors.list;
}
