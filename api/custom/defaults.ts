/** Fills in what a schema has a default for, and takes away nulls where there may be none. */
import { copyJson, setOwn } from '../machinery/json.ts';
import { additionalOf, fieldSchema, isJsonObject, itemsOf, type JsonObject, type Schema } from './schema.ts';

/** Shares all that stays as it is with `value`, which is returned itself when nothing is missing. */
export function defaulted<T>(value: T, schema: Schema | undefined): T {
  return fill(value, schema) as T;
}

function fill(value: unknown, schema: Schema | undefined): unknown {
  if (schema === undefined) return value;
  if (Array.isArray(value)) return fillList(value, itemsOf(schema));
  return isJsonObject(value) ? fillObject(value, schema) : value;
}

function fillObject(value: JsonObject, schema: Schema): JsonObject {
  let result = value;
  const own = (): JsonObject => (result = result === value ? { ...value } : result);
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    if (property.default !== undefined && isMissing(value, name, property)) {
      setOwn(own(), name, copyJson(property.default));
    }
  }
  for (const [name, member] of Object.entries(result)) {
    const inner = fieldSchema(schema, name);
    if (inner && member === null && inner.nullable !== true) {
      const byDefault = inner === additionalOf(schema) ? inner.default : undefined;
      if (byDefault === undefined) delete own()[name];
      else setOwn(own(), name, fill(copyJson(byDefault), inner));
      continue;
    }
    const filled = fill(member, inner);
    if (filled !== member) setOwn(own(), name, filled);
  }
  return result;
}

function fillList(list: readonly unknown[], items: Schema | undefined): readonly unknown[] {
  if (!items) return list;
  let result: unknown[] | undefined;
  for (const [index, item] of list.entries()) {
    const given =
      item === null && items.nullable !== true && items.default !== undefined ? copyJson(items.default) : item;
    const filled = fill(given, items);
    if (filled === item) continue;
    result ??= [...list];
    result[index] = filled;
  }
  return result ?? list;
}

function isMissing(value: JsonObject, name: string, property: Schema): boolean {
  if (!Object.hasOwn(value, name)) return true;
  return value[name] === null && property.nullable !== true;
}
