/** Defaults must be what their own schema allows, with nothing in them that would be left out again. */
import { NONE } from '../correlate.ts';
import { validateListTypes } from '../list-types.ts';
import { pruned } from '../prune.ts';
import { isJsonObject, schemasIn, type Schema } from '../schema.ts';
import { SchemaValidator } from '../validate.ts';
import type { FieldError } from '../../errors.ts';
import { sameJson } from '../../machinery/json.ts';
import { FieldErrors } from '../../validation/field-errors.ts';

export function validateDefaults(schema: Schema, path: string): FieldError[] {
  const errors = new FieldErrors();
  for (const found of schemasIn(schema, path)) {
    if (found.schema.default !== undefined) validateDefault(errors, found.schema, `${found.path}.default`);
  }
  return errors.list;
}

function validateDefault(errors: FieldErrors, schema: Schema, path: string): void {
  const value = schema.default;
  const known = knownPart(value, schema);
  if (!sameJson(known, value)) errors.invalid(path, value, 'must not have unknown fields');
  const found = [...new SchemaValidator(schema).validate(value, NONE), ...validateListTypes(value, schema)];
  for (const { field, ...rest } of found) {
    const inner = field === '<nil>' ? '' : field.startsWith('[') ? field : `.${field}`;
    errors.list.push({ ...rest, field: `${path}${inner}` });
  }
}

/** Pruning works on fields: a list is looked at as the value of one. */
function knownPart(value: unknown, schema: Schema): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const known = pruned({ value }, { type: 'object', properties: { value: schema } });
  return isJsonObject(known) ? known['value'] : value;
}
