/** Whole resources within custom objects (`x-kubernetes-embedded-resource`) have a type, and metadata like all others. */
import type { FieldError } from '../errors.ts';
import { checkDnsLabel, checkDnsSubdomain } from '../machinery/names.ts';
import { FieldErrors } from '../validation/field-errors.ts';
import { validateAnnotations, validateLabels } from '../validation/metadata.ts';
import { fieldSchema, isJsonObject, itemsOf, type JsonObject, type Schema } from './schema.ts';
import { join } from './validate.ts';

export function validateEmbedded(value: unknown, schema: Schema): FieldError[] {
  const errors = new FieldErrors();
  visit(errors, value, schema, '', true);
  return errors.list;
}

function visit(errors: FieldErrors, value: unknown, schema: Schema, path: string, isRoot = false): void {
  if (Array.isArray(value)) {
    const items = itemsOf(schema);
    if (items) for (const [index, item] of value.entries()) visit(errors, item, items, `${path}[${index}]`);
    return;
  }
  if (!isJsonObject(value)) return;
  if (!isRoot && schema['x-kubernetes-embedded-resource']) checkResource(errors, value, path);
  for (const [name, member] of Object.entries(value)) {
    const inner = fieldSchema(schema, name);
    if (inner) visit(errors, member, inner, join(path, name));
  }
}

function checkResource(errors: FieldErrors, resource: JsonObject, path: string): void {
  for (const field of ['apiVersion', 'kind'] as const) {
    const value = resource[field];
    if (value === undefined || value === '') errors.required(join(path, field), 'must not be empty');
    else if (typeof value !== 'string') errors.invalid(join(path, field), value, 'must be a string');
  }
  const { metadata } = resource;
  if (metadata === undefined) return;
  const at = join(path, 'metadata');
  if (!isJsonObject(metadata)) {
    errors.invalid(at, metadata, 'must be an object');
    return;
  }
  checkMetadata(errors, metadata, at);
}

function checkMetadata(errors: FieldErrors, { name, namespace, labels, annotations }: JsonObject, path: string): void {
  if (typeof name === 'string' && name !== '') errors.invalidEach(`${path}.name`, name, checkDnsSubdomain(name));
  if (typeof namespace === 'string' && namespace !== '') {
    errors.invalidEach(`${path}.namespace`, namespace, checkDnsLabel(namespace));
  }
  if (isTexts(labels)) validateLabels(errors, labels, `${path}.labels`);
  else if (labels !== undefined) errors.invalid(`${path}.labels`, labels, 'must be a map of strings');
  if (isTexts(annotations)) validateAnnotations(errors, annotations, `${path}.annotations`);
  else if (annotations !== undefined) errors.invalid(`${path}.annotations`, annotations, 'must be a map of strings');
}

function isTexts(value: unknown): value is Record<string, string> {
  return isJsonObject(value) && Object.values(value).every((member) => typeof member === 'string');
}
