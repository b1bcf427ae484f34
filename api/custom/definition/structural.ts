/**
 * Structural schemas: each field's type stands in one place, outside of all junctors, so that one can tell without looking at
 * values what an object may hold.
 */
import { sameJson } from '../../machinery/json.ts';
import { compilePattern } from '../pattern.ts';
import { additionalOf, itemsOf, propertyOf, type Schema } from '../schema.ts';
import type { FieldError } from '../../errors.ts';
import { FieldErrors } from '../../validation/field-errors.ts';

type Level = 'root' | 'item' | 'field';

const INT_OR_STRING = [{ type: 'integer' }, { type: 'string' }];
const NO_TYPE: Record<Level, string> = {
  root: 'must not be empty at the root',
  item: 'must not be empty for specified array items',
  field: 'must not be empty for specified object fields',
};

export function validateStructure(schema: Schema, path: string): FieldError[] {
  const errors = new FieldErrors();
  checkSchema(errors, schema, path, 'root');
  checkCompleteness(errors, schema, path);
  return errors.list.toSorted((a, b) => (`${a.field}${a.message}` < `${b.field}${b.message}` ? -1 : 1));
}

function checkSchema(errors: FieldErrors, schema: Schema, path: string, level: Level): void {
  const items = itemsOf(schema);
  if (schema.type === 'array' && !items) errors.required(`${path}.items`, 'must be specified');
  if (items) checkSchema(errors, items, `${path}.items`, 'item');
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    if (level === 'root' && name === 'metadata') continue;
    checkSchema(errors, property, `${path}.properties[${name}]`, 'field');
  }
  const additional = additionalOf(schema);
  if (level === 'root' && schema.additionalProperties !== undefined) {
    errors.forbidden(`${path}.additionalProperties`, 'must not be used at the root');
  }
  if (additional) checkSchema(errors, additional, `${path}.additionalProperties`, 'field');
  checkExtensions(errors, schema, path);
  checkJunctors(errors, schema, path, isIntOrString(schema));
  checkType(errors, schema, path, level);
  checkMetadata(errors, schema, path, level);
}

function checkExtensions(errors: FieldErrors, schema: Schema, path: string): void {
  if (!schema['x-kubernetes-int-or-string']) return;
  const detail = 'must be false if x-kubernetes-int-or-string is true';
  for (const keyword of ['x-kubernetes-preserve-unknown-fields', 'x-kubernetes-embedded-resource'] as const) {
    if (schema[keyword]) errors.invalid(`${path}.${keyword}`, true, detail);
  }
}

/** The two ways to say again what `x-kubernetes-int-or-string` says are let through. */
function isIntOrString(schema: Schema): { anyOf: boolean; allOf: boolean } {
  return {
    anyOf: sameJson(schema.anyOf, INT_OR_STRING),
    allOf: sameJson(schema.allOf?.[0]?.anyOf, INT_OR_STRING),
  };
}

function checkJunctors(
  errors: FieldErrors,
  schema: Schema,
  path: string,
  skip: { anyOf: boolean; allOf: boolean } = { anyOf: false, allOf: false },
): void {
  if (!skip.anyOf) {
    for (const [index, part] of (schema.anyOf ?? []).entries()) checkNested(errors, part, `${path}.anyOf[${index}]`);
  }
  for (const [index, part] of (schema.allOf ?? []).entries()) {
    checkNested(errors, part, `${path}.allOf[${index}]`, { anyOf: skip.allOf && index === 0, allOf: false });
  }
  for (const [index, part] of (schema.oneOf ?? []).entries()) checkNested(errors, part, `${path}.oneOf[${index}]`);
  if (schema.not) checkNested(errors, schema.not, `${path}.not`);
  if (schema.pattern) checkPattern(errors, schema.pattern, `${path}.pattern`);
}

function checkPattern(errors: FieldErrors, pattern: string, path: string): void {
  try {
    compilePattern(pattern);
  } catch (error) {
    const detail = `must be a valid regular expression, but isn't: ${(error as Error).message}`;
    errors.invalid(path, pattern, detail);
  }
}

/** What may not stand within a junctor, and what it must be there. */
const FORBIDDEN = [
  ['type', 'empty'],
  ['default', 'undefined'],
  ['title', 'empty'],
  ['description', 'empty'],
  ['nullable', 'false'],
  ['additionalProperties', 'undefined'],
  ['x-kubernetes-preserve-unknown-fields', 'false'],
  ['x-kubernetes-embedded-resource', 'false'],
  ['x-kubernetes-int-or-string', 'false'],
  ['x-kubernetes-list-map-keys', 'empty'],
  ['x-kubernetes-list-type', 'undefined'],
  ['x-kubernetes-map-type', 'undefined'],
  ['x-kubernetes-validations', 'empty'],
] as const;

function checkNested(
  errors: FieldErrors,
  schema: Schema,
  path: string,
  skip?: { anyOf: boolean; allOf: boolean },
): void {
  checkJunctors(errors, schema, path, skip);
  for (const [keyword, wanted] of FORBIDDEN) {
    const value = schema[keyword];
    if (value === undefined || value === false || value === '') continue;
    errors.forbidden(`${path}.${keyword}`, `must be ${wanted} to be structural`);
  }
  const items = itemsOf(schema);
  if (items) checkNested(errors, items, `${path}.items`);
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    checkNested(errors, property, `${path}.properties[${name}]`);
  }
  if (propertyOf(schema, 'metadata')) {
    errors.forbidden(`${path}.properties[metadata]`, 'must not be specified in a nested context');
  }
}

function checkType(errors: FieldErrors, schema: Schema, path: string, level: Level): void {
  const { type = '' } = schema;
  const isEmbedded = schema['x-kubernetes-embedded-resource'] === true;
  if (isEmbedded && type !== 'object') {
    const detail = 'must be object if x-kubernetes-embedded-resource is true';
    if (type === '') errors.required(`${path}.type`, detail);
    else errors.invalid(`${path}.type`, type, detail);
  } else if (type === '' && !schema['x-kubernetes-int-or-string'] && !schema['x-kubernetes-preserve-unknown-fields']) {
    errors.required(`${path}.type`, NO_TYPE[level]);
  }
  if (level === 'root' && type !== '' && type !== 'object') {
    errors.invalid(`${path}.type`, type, 'must be object at the root');
  }
  if (isEmbedded && schema.additionalProperties !== undefined) {
    errors.forbidden(`${path}.additionalProperties`, 'must not be used if x-kubernetes-embedded-resource is set');
  }
  const isOpen = schema['x-kubernetes-preserve-unknown-fields'] === true;
  if (isEmbedded && !isOpen && Object.keys(schema.properties ?? {}).length === 0) {
    const detail =
      'must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields';
    errors.required(`${path}.properties`, detail);
  }
}

const METADATA_KEYWORDS: ReadonlySet<string> = new Set(['type', 'description', 'properties', 'default']);

/** Every resource has the same metadata; a schema may only narrow its names. */
function checkMetadata(errors: FieldErrors, schema: Schema, path: string, level: Level): void {
  const isResource = level === 'root' || schema['x-kubernetes-embedded-resource'] === true;
  if (!isResource) return;
  for (const name of ['kind', 'apiVersion']) {
    const property = propertyOf(schema, name);
    if (property && property.type !== 'string') {
      errors.invalid(`${path}.properties[${name}].type`, property.type ?? '', 'must be string');
    }
  }
  const metadata = propertyOf(schema, 'metadata');
  if (!metadata) return;
  const at = `${path}.properties[metadata]`;
  if (metadata.type !== 'object') errors.invalid(`${at}.type`, metadata.type ?? '', 'must be object');
  if (level !== 'root') return;
  const others = Object.keys(metadata).filter((keyword) => !METADATA_KEYWORDS.has(keyword));
  const named = Object.keys(metadata.properties ?? {}).every((name) => name === 'name' || name === 'generateName');
  if (others.length === 0 && named) return;
  const why = 'must not specify anything other than name and generateName, but metadata is implicitly specified';
  errors.forbidden(at, why);
}

/** What a junctor speaks of must be specified outside of it too. */
function checkCompleteness(errors: FieldErrors, schema: Schema, path: string): void {
  for (const { part, at } of junctorsOf(schema, path)) complete(errors, part, at, schema, path);
  const items = itemsOf(schema);
  if (items) checkCompleteness(errors, items, `${path}.items`);
  const additional = additionalOf(schema);
  if (additional) checkCompleteness(errors, additional, `${path}.additionalProperties`);
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    checkCompleteness(errors, property, `${path}.properties[${name}]`);
  }
}

function* junctorsOf(schema: Schema, path: string): Generator<{ part: Schema; at: string }> {
  for (const junctor of ['allOf', 'anyOf', 'oneOf'] as const) {
    for (const [index, part] of (schema[junctor] ?? []).entries()) yield { part, at: `${path}.${junctor}[${index}]` };
  }
  if (schema.not) yield { part: schema.not, at: `${path}.not` };
}

function complete(errors: FieldErrors, part: Schema, at: string, schema: Schema, path: string): void {
  for (const inner of junctorsOf(part, at)) complete(errors, inner.part, inner.at, schema, path);
  const items = itemsOf(part);
  if (items) {
    const outer = itemsOf(schema);
    if (outer) complete(errors, items, `${at}.items`, outer, `${path}.items`);
    else errors.required(`${path}.items`, `because it is defined in ${at}.items`);
  }
  for (const [name, property] of Object.entries(part.properties ?? {})) {
    const outer = propertyOf(schema, name) ?? additionalOf(schema);
    const inner = `${at}.properties[${name}]`;
    if (outer) complete(errors, property, inner, outer, `${path}.properties[${name}]`);
    else errors.required(`${path}.properties[${name}]`, `because it is defined in ${inner}`);
  }
}
