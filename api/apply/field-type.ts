/** What server-side apply knows of a type: which of its parts have owners of their own, and how lists are put together. */
import type { KubeObject } from '../object.ts';
import { isObject } from '../patch/value.ts';
import { keyElement, valueElement } from './elements.ts';

/** A scalar, or an atomic list, map or struct: owned as a whole. */
export interface WholeType {
  readonly shape: 'whole';
}

/** Whatever it turns out to be: maps have owners a key, all else is owned as a whole. */
export interface DeducedType {
  readonly shape: 'deduced';
}

/** A struct, a map, or both at once. */
export interface GranularType {
  readonly shape: 'granular';
  readonly fields: ReadonlyMap<string, FieldType>;
  /** Of every name that is no field; undefined when there must be none. */
  readonly entries: FieldType | undefined;
}

export interface SetType {
  readonly shape: 'set';
}

/** A list of structs that are told apart by some of their fields. */
export interface KeyedListType {
  readonly shape: 'keyed';
  /** Sorted. */
  readonly keys: readonly string[];
  /** What a key is when the struct does not say. */
  readonly defaults: Readonly<Record<string, unknown>>;
  readonly element: FieldType;
}

export type ListType = SetType | KeyedListType;
export type FieldType = WholeType | DeducedType | GranularType | ListType;

export const WHOLE: WholeType = { shape: 'whole' };
export const DEDUCED: DeducedType = { shape: 'deduced' };
const DEDUCED_MAP: GranularType = { shape: 'granular', fields: new Map(), entries: DEDUCED };

/** The type of one kind's objects, whoever describes it: the schema table or the schema of a custom resource. */
export interface TypeSource {
  /** Of objects of this API version; undefined when the kind has no such version. */
  typeOf(apiVersion: string): FieldType | undefined;
  /** An object that nobody has filled in, as it is when it is decoded: what a new one is compared with. */
  empty(): KubeObject;
  /** Gives values the form in which they are stored. Throws BadRequest for values of wrong types. */
  decode(object: object): KubeObject;
}

/** The type that a value of a deduced type has. */
export function resolved(type: FieldType, value: unknown): Exclude<FieldType, DeducedType> {
  if (type.shape !== 'deduced') return type;
  return isObject(value) ? DEDUCED_MAP : WHOLE;
}

/** Undefined for what the type does not declare. */
export function fieldOf(type: GranularType, name: string): FieldType | undefined {
  return type.fields.get(name) ?? type.entries;
}

/** The element of a path that stands for an item of the list; undefined for an item that has no identity. */
export function itemElement(type: ListType, item: unknown): string | undefined {
  if (type.shape === 'set') return typeof item === 'object' ? undefined : valueElement(item);
  if (!isObject(item)) return undefined;
  const key: Record<string, unknown> = {};
  let isEmpty = true;
  for (const name of type.keys) {
    const value = item[name] ?? type.defaults[name];
    if (value === undefined || value === null) continue;
    key[name] = value;
    isEmpty = false;
  }
  return isEmpty ? undefined : keyElement(key);
}
