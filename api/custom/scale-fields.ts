/** The numbers that the scale subresource of a custom resource reads and writes. */
import type { FieldNames, ScalePaths } from '../kinds/kind.ts';
import type { CustomResourceSubresourceScale } from '../types/apiextensions.v1.ts';
import { FieldErrors } from '../validation/field-errors.ts';
import { isJsonObject, type JsonObject } from './schema.ts';

const INT32_MAX = 2 ** 31 - 1;

export function scalePathsOf(scale: CustomResourceSubresourceScale): ScalePaths {
  const { specReplicasPath, statusReplicasPath, labelSelectorPath } = scale;
  return {
    specReplicas: namesOf(specReplicasPath),
    statusReplicas: namesOf(statusReplicasPath),
    ...(labelSelectorPath ? { labelSelector: namesOf(labelSelectorPath) } : {}),
  };
}

/** Of `.spec.replicas`. */
export function namesOf(path: string): FieldNames {
  return path.replace(/^\./, '').split('.');
}

export function valueAt(object: unknown, names: FieldNames): unknown {
  return names.reduce<unknown>(
    (value, name) => (isJsonObject(value) && Object.hasOwn(value, name) ? value[name] : undefined),
    object,
  );
}

/** A copy of the object with another value there; what leads to it is made where it is missing. */
export function withValueAt(object: JsonObject, [name, ...rest]: FieldNames, value: unknown): JsonObject {
  if (name === undefined) return object;
  const inner = Object.hasOwn(object, name) ? object[name] : undefined;
  const next = rest.length === 0 ? value : withValueAt(isJsonObject(inner) ? inner : {}, rest, value);
  return { ...object, [name]: next };
}

export function validateReplicas(errors: FieldErrors, object: object, names: FieldNames): void {
  const value = valueAt(object, names);
  const path = `.${names.join('.')}`;
  if (value === undefined) return;
  if (typeof value !== 'number' || !Number.isInteger(value)) {
    errors.invalid(path, 0, `${path} accessor error: ${JSON.stringify(value)} is not an integer`);
  } else if (value < 0) errors.invalid(path, value, 'should be a non-negative integer');
  else if (value > INT32_MAX) errors.invalid(path, value, `should be less than or equal to ${INT32_MAX}`);
}

export function validateSelectorText(errors: FieldErrors, object: object, names: FieldNames): void {
  const value = valueAt(object, names);
  const path = `.${names.join('.')}`;
  if (value === undefined || typeof value === 'string') return;
  errors.invalid(path, '', `${path} accessor error: ${JSON.stringify(value)} is not a string`);
}
