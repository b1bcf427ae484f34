/** Which part of an object's former state belongs to which part of its present one. */
import { ownValue } from '../machinery/json.ts';
import { isJsonObject, type JsonObject, type Schema } from './schema.ts';

/** There is no former state to compare with: the object is new, or the value can't be recognised in it. */
export const NONE = Symbol('none');
export type Former = unknown;

export function formerField(former: Former, name: string): Former {
  if (!isJsonObject(former) || !Object.hasOwn(former, name)) return NONE;
  return former[name];
}

/** Finds the former state of the items of a list; only those of a keyed list (`map`) can be recognised. */
export function formerItems(former: Former, schema: Schema): (item: unknown) => Former {
  if (schema['x-kubernetes-list-type'] !== 'map' || !Array.isArray(former)) return () => NONE;
  const keys = schema['x-kubernetes-list-map-keys'] ?? [];
  const byKey = new Map<string, unknown>();
  for (const item of former) if (isJsonObject(item)) byKey.set(keyOf(item, keys), item);
  return (item) => (isJsonObject(item) && byKey.has(keyOf(item, keys)) ? byKey.get(keyOf(item, keys)) : NONE);
}

function keyOf(item: JsonObject, keys: readonly string[]): string {
  return JSON.stringify(keys.map((key) => ownValue(item, key) ?? null));
}
