/** Which fields a value has. */
import { isList, isObject } from '../patch/value.ts';
import { fieldElement } from './elements.ts';
import { asMember, LEAF, nodeOf, type Fields, type FieldSet } from './field-set.ts';
import {
  fieldOf,
  itemElement,
  resolved,
  WHOLE,
  type FieldType,
  type GranularType,
  type ListType,
} from './field-type.ts';

/** The fields that who applies this value owns. A struct is not among them, only what it says; an entry of a map is. */
export function fieldsOf(type: FieldType, value: unknown): Fields {
  const actual = resolved(type, value);
  if (actual.shape === 'whole') return LEAF;
  if (actual.shape === 'granular') return isObject(value) ? fieldsOfMap(actual, value) : absentOrWhole(value);
  return isList(value) ? fieldsOfList(actual, value, fieldsOf) : absentOrWhole(value);
}

function fieldsOfMap(type: GranularType, value: Readonly<Record<string, unknown>>): Fields {
  const children: Record<string, FieldSet> = {};
  for (const name of Object.keys(value)) {
    const item = value[name];
    if (item === undefined) continue;
    const below = fieldsOf(fieldOf(type, name) ?? WHOLE, item);
    const node = isHollow(item) || !type.fields.has(name) ? asMember(below) : below;
    if (node !== undefined) children[fieldElement(name)] = node;
  }
  return nodeOf(false, children);
}

function fieldsOfList(
  type: ListType,
  value: readonly unknown[],
  within: (type: FieldType, item: unknown) => Fields,
): Fields {
  const children: Record<string, FieldSet> = {};
  for (const item of value) {
    const element = itemElement(type, item);
    if (element === undefined) continue;
    // Items that can't be told apart are owned together.
    const isDouble = Object.hasOwn(children, element);
    children[element] = isDouble || type.shape === 'set' ? LEAF : asMember(within(type.element, item));
  }
  return nodeOf(false, children);
}

/** Every field on the way too: what has come or gone when the whole value has. */
export function everyField(type: FieldType, value: unknown): FieldSet {
  const actual = resolved(type, value);
  if (actual.shape === 'whole') return LEAF;
  if (actual.shape !== 'granular') return isList(value) ? asMember(fieldsOfList(actual, value, everyField)) : LEAF;
  if (!isObject(value)) return LEAF;
  const children: Record<string, FieldSet> = {};
  for (const name of Object.keys(value)) {
    const item = value[name];
    if (item !== undefined) children[fieldElement(name)] = everyField(fieldOf(actual, name) ?? WHOLE, item);
  }
  return asMember(nodeOf(false, children));
}

function absentOrWhole(value: unknown): Fields {
  return value === null || value === undefined ? undefined : LEAF;
}

/** Nothing is in it that could have an owner. */
function isHollow(value: unknown): boolean {
  if (value === null) return true;
  if (typeof value !== 'object' || isList(value)) return false;
  for (const _name in value) return false;
  return true;
}
