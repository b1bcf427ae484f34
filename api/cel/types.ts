/** The types of expressions, and which may stand for which. */

/** The most elements (of lists and maps), characters or bytes a value of the type can have; absent: unknown. */
interface Sized {
  readonly maxSize?: number;
}

export interface Field {
  readonly type: CelType;
  /** The property's name in JSON, which an escaped field name stands for. */
  readonly property: string;
}

/** A record with known fields. `field` may make types as they are asked for: a type can contain itself. */
export interface ObjectType {
  readonly kind: 'object';
  readonly name: string;
  /** By escaped name. */
  field(name: string): Field | undefined;
  fieldNames(): Iterable<string>;
}

export type SimpleKind =
  | 'dyn'
  | 'bool'
  | 'int'
  | 'uint'
  | 'double'
  | 'null'
  | 'timestamp'
  | 'duration'
  | 'type'
  | 'string'
  | 'bytes';

export interface ListType extends Sized {
  readonly kind: 'list';
  readonly element: CelType;
  /** A set is equal to another in any order; so is a list of items with keys. */
  readonly identity?: 'set' | readonly string[];
}

export interface MapType extends Sized {
  readonly kind: 'map';
  readonly key: CelType;
  readonly value: CelType;
}

export type CelType =
  | ({ readonly kind: SimpleKind } & Sized)
  | ListType
  | MapType
  | ObjectType
  | { readonly kind: 'optional'; readonly of: CelType }
  /** Known by its name and what functions do with it, such as `kubernetes.Quantity`. */
  | { readonly kind: 'opaque'; readonly name: string }
  /** Stands for any one type in a function's declaration. */
  | { readonly kind: 'param'; readonly name: string };

export const DYN: CelType = { kind: 'dyn' };
export const BOOL: CelType = { kind: 'bool' };
export const INT: CelType = { kind: 'int' };
export const UINT: CelType = { kind: 'uint' };
export const DOUBLE: CelType = { kind: 'double' };
export const STRING: CelType = { kind: 'string' };
export const BYTES: CelType = { kind: 'bytes' };
export const NULL: CelType = { kind: 'null' };
export const TIMESTAMP: CelType = { kind: 'timestamp' };
export const DURATION: CelType = { kind: 'duration' };
export const TYPE: CelType = { kind: 'type' };

export function listOf(element: CelType): ListType {
  return { kind: 'list', element };
}

export function mapOf(key: CelType, value: CelType): MapType {
  return { kind: 'map', key, value };
}

export function optionalOf(of: CelType): CelType {
  return { kind: 'optional', of };
}

export function opaque(name: string): CelType {
  return { kind: 'opaque', name };
}

export function param(name: string): CelType {
  return { kind: 'param', name };
}

/** A record of these fields, whose names in JSON are identifiers as they are. */
export function objectOf(name: string, fields: Readonly<Record<string, CelType>>): ObjectType {
  const byName = new Map(Object.entries(fields).map(([property, type]) => [property, { property, type }]));
  return { kind: 'object', name, field: (field) => byName.get(field), fieldNames: () => byName.keys() };
}

const NAMES: Partial<Record<CelType['kind'], string>> = {
  null: 'null',
  timestamp: 'google.protobuf.Timestamp',
  duration: 'google.protobuf.Duration',
};

/** As error messages name it. */
export function typeName(type: CelType): string {
  switch (type.kind) {
    case 'list':
      return `list(${typeName(type.element)})`;
    case 'map':
      return `map(${typeName(type.key)}, ${typeName(type.value)})`;
    case 'optional':
      return `optional_type(${typeName(type.of)})`;
    case 'object':
    case 'opaque':
    case 'param':
      return type.name;
    default:
      return NAMES[type.kind] ?? type.kind;
  }
}

/** What type parameters stand for, so far. */
export type Substitution = Map<string, CelType>;

const NULLABLE: ReadonlySet<CelType['kind']> = new Set([
  'object',
  'timestamp',
  'duration',
  'opaque',
  'optional',
  'null',
]);

/** Whether a value of type `from` can be where `to` is wanted; learns what the parameters of `to` are. */
export function assignable(to: CelType, from: CelType, known: Substitution): boolean {
  if (to.kind === 'param') return assignParam(to.name, from, known);
  if (to.kind === 'dyn' || from.kind === 'dyn') return true;
  if (from.kind === 'null' && NULLABLE.has(to.kind)) return true;
  if (to.kind !== from.kind) return false;
  switch (to.kind) {
    case 'list':
      return from.kind === 'list' && assignable(to.element, from.element, known);
    case 'map':
      return from.kind === 'map' && assignable(to.key, from.key, known) && assignable(to.value, from.value, known);
    case 'optional':
      return from.kind === 'optional' && assignable(to.of, from.of, known);
    case 'object':
    case 'opaque':
      return 'name' in from && from.name === to.name;
    default:
      return true;
  }
}

function assignParam(name: string, from: CelType, known: Substitution): boolean {
  const bound = known.get(name);
  if (bound === undefined || bound.kind === 'dyn') {
    known.set(name, bound ?? from);
    return true;
  }
  if (assignable(bound, from, known)) {
    if (from.kind === 'dyn') known.set(name, from);
    return true;
  }
  if (!assignable(from, bound, known)) return false;
  known.set(name, from);
  return true;
}

/** The type with its parameters filled in; those that nothing is known of may be anything. */
export function substitute(type: CelType, known: Substitution): CelType {
  switch (type.kind) {
    case 'param':
      return known.get(type.name) ?? DYN;
    case 'list':
      return { ...type, element: substitute(type.element, known) };
    case 'map':
      return { ...type, key: substitute(type.key, known), value: substitute(type.value, known) };
    case 'optional':
      return optionalOf(substitute(type.of, known));
    default:
      return type;
  }
}

export function sameType(a: CelType, b: CelType): boolean {
  return a === b || (typeName(a) === typeName(b) && a.kind === b.kind);
}

/** The one type that values of both have; undefined when there is none but `dyn`. */
export function joinTypes(a: CelType, b: CelType): CelType | undefined {
  const known: Substitution = new Map();
  if (a.kind === 'dyn' || assignable(a, b, known)) return b.kind === 'dyn' ? b : a;
  return assignable(b, a, known) ? b : undefined;
}
