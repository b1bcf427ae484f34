/** Lists that are sets or maps hold nothing twice (`x-kubernetes-list-type`). */
import type { FieldError } from '../errors.ts';
import { ownValue } from '../machinery/json.ts';
import { FieldErrors } from '../validation/field-errors.ts';
import { fieldSchema, isJsonObject, itemsOf, type Schema } from './schema.ts';
import { join } from './validate.ts';

export function validateListTypes(value: unknown, schema: Schema, path = ''): FieldError[] {
  const errors = new FieldErrors();
  visit(errors, value, schema, path);
  return errors.list;
}

function visit(errors: FieldErrors, value: unknown, schema: Schema, path: string): void {
  if (Array.isArray(value)) visitList(errors, value, schema, path);
  else if (isJsonObject(value)) {
    for (const [name, member] of Object.entries(value)) {
      const inner = fieldSchema(schema, name);
      if (inner) visit(errors, member, inner, join(path, name));
    }
  }
}

function visitList(errors: FieldErrors, list: readonly unknown[], schema: Schema, path: string): void {
  const type = schema['x-kubernetes-list-type'];
  if (type === 'set') duplicates(errors, list, path);
  if (type === 'map') duplicateKeys(errors, list, schema['x-kubernetes-list-map-keys'] ?? [], path);
  const items = itemsOf(schema);
  if (items) for (const [index, item] of list.entries()) visit(errors, item, items, `${path}[${index}]`);
}

/** The second of equal items is named, and no further one. */
function duplicates(errors: FieldErrors, list: readonly unknown[], path: string): void {
  const seen = new Map<string, number>();
  for (const [index, item] of list.entries()) {
    const text = canonical(item);
    const times = (seen.get(text) ?? 0) + 1;
    seen.set(text, times);
    if (times === 2) errors.duplicate(`${path}[${index}]`, item);
  }
}

function duplicateKeys(errors: FieldErrors, list: readonly unknown[], keys: readonly string[], path: string): void {
  const wrong = list.findIndex((item) => item !== null && !isJsonObject(item));
  if (wrong >= 0) {
    errors.invalid(`${path}[${wrong}]`, list[wrong], 'must be an object for an array of list-type map');
    return;
  }
  const found = list.map((item) =>
    Object.fromEntries(
      keys
        .filter((key) => isJsonObject(item) && Object.hasOwn(item, key))
        .map((key) => [key, ownValue(item as object as Record<string, unknown>, key)]),
    ),
  );
  duplicates(errors, found, path);
}

/** Equal values have equal text, in whatever order their keys stand. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (!isJsonObject(value)) return JSON.stringify(value);
  const members = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${canonical(member)}`).join(',')}}`;
}
