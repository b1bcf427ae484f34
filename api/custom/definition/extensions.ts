/** The `x-kubernetes-…` keywords of a schema. */
import { itemsOf, propertyOf, type Schema } from '../schema.ts';
import type { FieldErrors } from '../../validation/field-errors.ts';

const LIST_TYPES = ['atomic', 'map', 'set'];
const MAP_TYPES = ['atomic', 'granular'];

export function validateExtensions(errors: FieldErrors, schema: Schema, path: string): void {
  const preserves = schema['x-kubernetes-preserve-unknown-fields'];
  if (preserves === false) {
    errors.invalid(`${path}.x-kubernetes-preserve-unknown-fields`, preserves, 'must be true or undefined');
  }
  const mapType = schema['x-kubernetes-map-type'];
  if (mapType !== undefined) {
    requireType(errors, schema, path, 'object', 'x-kubernetes-map-type');
    if (!MAP_TYPES.includes(mapType)) errors.notSupported(`${path}.x-kubernetes-map-type`, mapType, MAP_TYPES);
  }
  const listType = schema['x-kubernetes-list-type'];
  if (listType !== undefined) {
    requireType(errors, schema, path, 'array', 'x-kubernetes-list-type');
    if (!LIST_TYPES.includes(listType)) errors.notSupported(`${path}.x-kubernetes-list-type`, listType, LIST_TYPES);
  }
  if (listType === 'set') validateSet(errors, schema, path);
  validateKeys(errors, schema, path);
  if (listType === 'map') validateMap(errors, schema, path);
}

function requireType(errors: FieldErrors, { type }: Schema, path: string, wanted: string, keyword: string): void {
  if (type === wanted) return;
  const detail = `must be ${wanted} if ${keyword} is specified`;
  if (!type) errors.required(`${path}.type`, detail);
  else errors.invalid(`${path}.type`, type, detail);
}

function validateSet(errors: FieldErrors, schema: Schema, path: string): void {
  const items = itemsOf(schema);
  if (!items) return;
  const detail = 'must be atomic as item of a list with x-kubernetes-list-type=set';
  const listType = items['x-kubernetes-list-type'];
  const mapType = items['x-kubernetes-map-type'];
  if (items.type === 'array' && listType !== undefined && listType !== 'atomic') {
    errors.invalid(`${path}.items.x-kubernetes-list-type`, listType, detail);
  }
  if (items.type === 'object' && mapType !== 'atomic') {
    errors.invalid(`${path}.items.x-kubernetes-map-type`, mapType, detail);
  }
  if (items.nullable)
    errors.forbidden(`${path}.items.nullable`, 'cannot be nullable when x-kubernetes-list-type is set');
}

function validateKeys(errors: FieldErrors, schema: Schema, path: string): void {
  const listType = schema['x-kubernetes-list-type'];
  if (!schema['x-kubernetes-list-map-keys']?.length || listType === 'map') return;
  const detail = 'must be map if x-kubernetes-list-map-keys is non-empty';
  if (listType === undefined) errors.required(`${path}.x-kubernetes-list-type`, detail);
  else errors.invalid(`${path}.x-kubernetes-list-type`, listType, detail);
}

function validateMap(errors: FieldErrors, schema: Schema, path: string): void {
  const keys = schema['x-kubernetes-list-map-keys'] ?? [];
  const at = `${path}.x-kubernetes-list-map-keys`;
  if (keys.length === 0) errors.required(at, 'must not be empty if x-kubernetes-list-type is map');
  const items = itemsOf(schema);
  if (!items) {
    errors.required(`${path}.items`, 'must have a schema if x-kubernetes-list-type is map');
    return;
  }
  if (items.nullable)
    errors.forbidden(`${path}.items.nullable`, 'cannot be nullable when x-kubernetes-list-type is map');
  if (items.type !== 'object') {
    const detail = "must be object if parent array's x-kubernetes-list-type is map";
    errors.invalid(`${path}.items.type`, items.type ?? '', detail);
    return;
  }
  for (const [index, key] of keys.entries()) {
    if (keys.indexOf(key) < index) errors.invalid(at, keys, 'must not contain duplicate entries');
    validateKey(errors, items, key, { keys, path });
  }
}

function validateKey(
  errors: FieldErrors,
  items: Schema,
  key: string,
  { keys, path }: { keys: readonly string[]; path: string },
): void {
  const property = propertyOf(items, key);
  const at = `${path}.items.properties[${key}]`;
  if (!property) {
    errors.invalid(`${path}.x-kubernetes-list-map-keys`, keys, 'entries must all be names of item properties');
    return;
  }
  if (property.type === 'array' || property.type === 'object') {
    errors.invalid(`${at}.type`, items.type, "must be a scalar type if parent array's x-kubernetes-list-type is map");
  }
  const named = 'this property is in x-kubernetes-list-map-keys, so it';
  if (!items.required?.includes(key) && property.default === undefined) {
    errors.required(`${at}.default`, `${named} must have a default or be a required property`);
  }
  if (property.nullable) errors.forbidden(`${at}.nullable`, `${named} cannot be nullable`);
}
