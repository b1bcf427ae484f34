/** Takes out of an object what its applier has given up. */
import { setOwn } from '../machinery/json.ts';
import { isList, isObject } from '../patch/value.ts';
import type { JsonObject } from '../patch/value.ts';
import { fieldElement } from './elements.ts';
import {
  asMember,
  difference,
  elementsOf,
  intersection,
  isMember,
  nodeOf,
  union,
  type Fields,
  type FieldSet,
} from './field-set.ts';
import { fieldOf, itemElement, resolved, WHOLE, type FieldType, type ListType } from './field-type.ts';
import { fieldsOf } from './fields-of.ts';

/**
 * `merged` without what its applier had in `last`, unless it is in `owned` (by somebody else, or by the applier still) or
 * something that stays is below it.
 */
export function prune(type: FieldType, merged: unknown, last: Fields, owned: Fields): unknown {
  if (last === undefined) return merged;
  const before = named(type, fieldsOf(type, merged));
  const lastNamed = named(type, last);
  const bare = remove(type, merged, lastNamed);
  // What was below a removed field has gone with it, whoever owns it: that comes back.
  const kept = union(named(type, fieldsOf(type, bare)), named(type, owned));
  const restored = remove(type, merged, difference(before, kept));
  const after = named(type, fieldsOf(type, restored));
  return remove(type, merged, intersection(difference(before, after), lastNamed));
}

/** With the fields of structs that something in the set is below: a struct goes when nothing in it stays. */
function named(type: FieldType, set: Fields): Fields {
  if (set === undefined) return undefined;
  const children: Record<string, FieldSet> = {};
  for (const element of elementsOf(set)) {
    const child = set[element]!;
    const { below, isNamed } = step(type, element);
    const node = named(below, child);
    const inSet = isMember(child) || (isNamed && node !== undefined);
    const result = inSet ? asMember(node) : node;
    if (result !== undefined) children[element] = result;
  }
  return nodeOf(false, children);
}

function step(type: FieldType, element: string): { below: FieldType; isNamed: boolean } {
  if (type.shape === 'deduced') return { below: type, isNamed: false };
  if (type.shape === 'keyed') return { below: type.element, isNamed: false };
  if (type.shape !== 'granular') return { below: WHOLE, isNamed: false };
  const name = element.slice(2);
  return { below: fieldOf(type, name) ?? WHOLE, isNamed: type.fields.has(name) };
}

/** A map or list of which nothing is left stays as an empty one: whoever has it goes on having it. */
function remove(type: FieldType, value: unknown, set: Fields): unknown {
  if (set === undefined) return value;
  const actual = resolved(type, value);
  if (actual.shape === 'granular' && isObject(value)) {
    return removeFields(value, set, (name) => fieldOf(actual, name) ?? WHOLE);
  }
  if ((actual.shape === 'set' || actual.shape === 'keyed') && isList(value)) return removeItems(actual, value, set);
  return value;
}

function removeFields(value: JsonObject, set: FieldSet, typeOf: (name: string) => FieldType): JsonObject {
  const rest: JsonObject = {};
  for (const [name, item] of Object.entries(value)) {
    const node = set[fieldElement(name)];
    if (isMember(node)) continue;
    setOwn(rest, name, node === undefined ? item : remove(typeOf(name), item, node));
  }
  return rest;
}

function removeItems(type: ListType, value: readonly unknown[], set: FieldSet): unknown[] {
  const rest: unknown[] = [];
  for (const item of value) {
    const element = itemElement(type, item);
    const node = element === undefined ? undefined : set[element];
    if (isMember(node)) continue;
    rest.push(node === undefined || type.shape === 'set' ? item : remove(type.element, item, node));
  }
  return rest;
}
