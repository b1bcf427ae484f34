/** A version's schema as a whole: what OpenAPI and Kubernetes' own rules leave of JSON Schema. */
import type { Schema } from '../schema.ts';
import { FieldErrors } from '../../validation/field-errors.ts';
import { validateDefaults } from './defaults.ts';
import { validateExtensions } from './extensions.ts';
import { validateRules } from './rules.ts';
import { validateStructure } from './structural.ts';

export interface SchemaRules {
  readonly hasStatus: boolean;
  readonly isSchemaUnchanged: boolean;
}

const TYPES = ['array', 'boolean', 'integer', 'number', 'object', 'string'];

/** With a status subresource the status is checked by its own part of the schema, so nothing above it may say more. */
const AT_ROOT: ReadonlySet<string> = new Set([
  'description',
  'type',
  'format',
  'title',
  'maximum',
  'exclusiveMaximum',
  'minimum',
  'exclusiveMinimum',
  'maxLength',
  'minLength',
  'pattern',
  'maxItems',
  'minItems',
  'uniqueItems',
  'multipleOf',
  'required',
  'items',
  'properties',
  'externalDocs',
  'example',
  'x-kubernetes-preserve-unknown-fields',
  'x-kubernetes-validations',
]);

export function validateSchema(errors: FieldErrors, schema: Schema, path: string, rules: SchemaRules): void {
  const own = new FieldErrors();
  if (rules.hasStatus) validateRoot(own, schema, path);
  if (schema.nullable) own.forbidden(`${path}.nullable`, 'nullable cannot be true at the root');
  const structure = validateStructure(schema, path);
  own.list.push(...structure);
  validateOpenApi(own, schema, path, { isRoot: true, isMeta: false, noDefaults: undefined });
  if (own.list.length === 0) own.list.push(...validateDefaults(schema, path));
  if (own.list.length === 0) own.list.push(...validateRules(schema, path, rules.isSchemaUnchanged));
  errors.list.push(...own.list);
}

function validateRoot(errors: FieldErrors, schema: Schema, path: string): void {
  if (schema.type !== undefined && schema.type !== 'object') {
    const detail =
      'only "object" is allowed as the type at the root of the schema if the status subresource is enabled';
    errors.invalid(`${path}.type`, schema.type, detail);
  }
  const other = Object.keys(schema).find((name) => !AT_ROOT.has(name));
  if (other === undefined) return;
  const allowed = [...AT_ROOT].map((name) => name.replace(/^x-kubernetes-/, 'X')).join(' ');
  errors.invalid(
    path,
    schema,
    `only [${allowed}] fields are allowed at the root of the schema if the status subresource is enabled`,
  );
}

interface Place {
  readonly isRoot: boolean;
  /** Within the metadata, kind or apiVersion of a resource. */
  readonly isMeta: boolean;
  /** Why there may be no defaults here. */
  readonly noDefaults: string | undefined;
}

function validateOpenApi(errors: FieldErrors, schema: Schema, path: string, place: Place): void {
  validateKeywords(errors, schema, path, place);
  validateExtensions(errors, schema, path);
  const inner = { ...place, isRoot: false };
  const { additionalProperties, properties = {}, items } = schema;
  if (additionalProperties !== undefined) {
    const hasProperties = Object.keys(properties).length > 0;
    if (hasProperties && additionalProperties !== true) {
      errors.forbidden(`${path}.additionalProperties`, 'additionalProperties and properties are mutual exclusive');
    }
    if (typeof additionalProperties === 'object') {
      const reason = place.isMeta ? 'inside additionalProperties applying to object metadata' : place.noDefaults;
      validateOpenApi(errors, additionalProperties, `${path}.additionalProperties`, { ...inner, noDefaults: reason });
    }
  }
  for (const [name, property] of Object.entries(properties)) {
    const isMeta = (place.isRoot || schema['x-kubernetes-embedded-resource'] === true) && META.has(name);
    const noDefaults = isMeta && place.isRoot ? `in top-level ${name}` : place.noDefaults;
    const at = { isRoot: false, isMeta: isMeta || place.isMeta, noDefaults };
    validateOpenApi(errors, property, `${path}.properties[${name}]`, at);
  }
  if (items && !Array.isArray(items)) validateOpenApi(errors, items, `${path}.items`, inner);
  for (const junctor of ['allOf', 'oneOf', 'anyOf'] as const) {
    for (const [index, part] of (schema[junctor] ?? []).entries()) {
      validateOpenApi(errors, part, `${path}.${junctor}[${index}]`, inner);
    }
  }
  if (schema.not) validateOpenApi(errors, schema.not, `${path}.not`, inner);
}

const META: ReadonlySet<string> = new Set(['metadata', 'kind', 'apiVersion']);
const UNSUPPORTED = ['id', 'additionalItems', 'patternProperties', 'definitions', 'dependencies', '$ref'] as const;

function validateKeywords(errors: FieldErrors, schema: Schema, path: string, { noDefaults, isMeta }: Place): void {
  if (schema.type && !TYPES.includes(schema.type)) errors.notSupported(`${path}.type`, schema.type, TYPES);
  if (schema.default !== undefined && noDefaults !== undefined) {
    errors.forbidden(`${path}.default`, `must not be set ${noDefaults}`);
  }
  for (const keyword of UNSUPPORTED) {
    if (schema[keyword] !== undefined) errors.forbidden(`${path}.${keyword}`, `${keyword} is not supported`);
  }
  if (schema.type === 'null') {
    errors.forbidden(`${path}.type`, 'type cannot be set to null, use nullable as an alternative');
  }
  if (Array.isArray(schema.items)) {
    errors.forbidden(`${path}.items`, 'items must be a schema object and not an array');
  }
  if (isMeta && schema['x-kubernetes-embedded-resource']) {
    errors.forbidden(`${path}.x-kubernetes-embedded-resource`, 'must not be used inside of resource meta');
  }
  if (schema.uniqueItems) {
    const why = 'uniqueItems cannot be set to true since the runtime complexity becomes quadratic';
    errors.forbidden(`${path}.uniqueItems`, why);
  }
}
