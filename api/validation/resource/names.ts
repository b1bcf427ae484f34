/** What the kinds of resource.k8s.io have in common: names, lists without doubles, selectors, opaque parameters. */
import { environment } from '../../cel/environment.ts';
import { QUANTITY } from '../../cel/library/quantity.ts';
import { compile } from '../../cel/program.ts';
import { BOOL, DYN, mapOf, objectOf, STRING, typeName } from '../../cel/types.ts';
import {
  checkCIdentifier,
  checkDnsLabel,
  checkDnsSubdomain,
  checkLabelValue,
  checkQualifiedName,
} from '../../machinery/names.ts';
import type { DeviceConfiguration, DeviceSelector, DeviceToleration } from '../../types/resource.v1.ts';
import type { FieldErrors } from '../field-errors.ts';
import { validateDriverName } from '../storage/csi.ts';

const MAX_POOL_NAME = 253;
const MAX_DOMAIN = 63;
const MAX_IDENTIFIER = 32;
const MAX_EXPRESSION = 10 * 1024;
const MAX_PARAMETERS = 10 * 1024;
const MAX_SELECTORS = 32;
/** What a selector sees of a device: its driver, and its attributes and capacities by domain and name. */
const DEVICE = environment({
  device: objectOf('kubernetes.DRADevice', {
    driver: STRING,
    attributes: mapOf(STRING, mapOf(STRING, DYN)),
    capacity: mapOf(STRING, mapOf(STRING, QUANTITY)),
    allowMultipleAllocations: BOOL,
  }),
});
const EFFECTS = ['NoExecute', 'NoSchedule', 'None'];

/** Runs `each` over a bounded list, and tells of elements whose key was there before. */
export function validateSet<T>(
  errors: FieldErrors,
  list: readonly T[] | undefined,
  path: string,
  { most, key, each }: { most: number; key?: (item: T) => string; each: (item: T, path: string) => void },
): void {
  const items = list ?? [];
  if (items.length > most) {
    errors.tooMany(path, items.length, most);
    return;
  }
  const seen = new Set<string>();
  items.forEach((item, index) => {
    each(item, `${path}[${index}]`);
    if (!key) return;
    if (seen.has(key(item))) errors.duplicate(`${path}[${index}]`, key(item));
    seen.add(key(item));
  });
}

export function validatePoolName(errors: FieldErrors, name: string | undefined, path: string): void {
  if (!name) {
    errors.required(path);
    return;
  }
  if (name.length > MAX_POOL_NAME) errors.tooLong(path, MAX_POOL_NAME);
  for (const part of name.split('/')) errors.check(path, part, checkDnsSubdomain);
}

/** A C identifier, perhaps after a domain and a slash: how attributes and capacities are called. */
export function validateAttributeName(errors: FieldErrors, name: string, path: string): void {
  const slash = name.indexOf('/');
  const domain = name.slice(0, Math.max(0, slash));
  const identifier = name.slice(slash + 1);
  if (name === '') {
    errors.required(path, 'name required');
    return;
  }
  if (slash >= 0) {
    if (domain === '') errors.required(path, 'the domain must not be empty');
    else if (domain.length > MAX_DOMAIN) errors.tooLong(path, MAX_DOMAIN);
    else errors.check(path, domain, checkDnsSubdomain);
  }
  if (identifier === '') errors.required(path, 'the name must not be empty');
  else if (identifier.length > MAX_IDENTIFIER) errors.tooLong(path, MAX_IDENTIFIER);
  else errors.check(path, identifier, checkCIdentifier);
}

export function validateFullAttributeName(errors: FieldErrors, name: string, path: string): void {
  validateAttributeName(errors, name, path);
  if (name !== '' && !name.includes('/')) errors.invalid(path, name, 'must include a domain');
}

export function validateSelectors(
  errors: FieldErrors,
  list: readonly DeviceSelector[] | undefined,
  path: string,
): void {
  validateSet(errors, list, path, {
    most: MAX_SELECTORS,
    each({ cel }, at) {
      if (!cel) errors.required(`${at}.cel`);
      else if (!cel.expression) errors.required(`${at}.cel.expression`);
      else if (Buffer.byteLength(cel.expression) > MAX_EXPRESSION) {
        errors.tooLong(`${at}.cel.expression`, MAX_EXPRESSION);
      } else validateExpression(errors, cel.expression, `${at}.cel.expression`);
    },
  });
}

function validateExpression(errors: FieldErrors, expression: string, path: string): void {
  const compiled = compile(expression, DEVICE);
  if (!compiled.ok) {
    errors.invalid(path, expression, compiled.message);
    return;
  }
  const { type } = compiled.program;
  if (type.kind === 'bool' || type.kind === 'dyn') return;
  errors.invalid(path, expression, `must evaluate to bool or the unknown type, not ${typeName(type)}`);
}

export function validateConfiguration(errors: FieldErrors, { opaque }: DeviceConfiguration, path: string): void {
  if (!opaque) {
    errors.required(`${path}.opaque`);
    return;
  }
  validateDriverName(errors, opaque.driver, `${path}.opaque.driver`);
  validateRawObject(errors, opaque.parameters, `${path}.opaque.parameters`);
}

/** What only a driver understands. */
export function validateRawObject(errors: FieldErrors, value: unknown, path: string): void {
  if (value === undefined || value === null) errors.required(path);
  else if (typeof value !== 'object' || Array.isArray(value)) {
    errors.invalid(path, '<value omitted>', 'must be a valid JSON object');
  } else if (Buffer.byteLength(JSON.stringify(value)) > MAX_PARAMETERS) errors.tooLong(path, MAX_PARAMETERS);
}

export function validateDeviceToleration(errors: FieldErrors, toleration: DeviceToleration, path: string): void {
  const { key, operator, value = '', effect } = toleration;
  if (key) errors.check(`${path}.key`, key, checkQualifiedName);
  if (operator === 'Exists') {
    if (value !== '') errors.invalid(`${path}.value`, value, 'must be empty for operator `Exists`');
  } else if (operator === 'Equal') {
    errors.check(`${path}.value`, value, checkLabelValue);
  } else {
    errors.oneOf(`${path}.operator`, operator, ['Equal', 'Exists']);
  }
  if (effect) errors.oneOf(`${path}.effect`, effect, EFFECTS);
}

export function validateRequestName(errors: FieldErrors, name: string | undefined, path: string): void {
  errors.check(path, name, checkDnsLabel);
}
