/**
 * Values while an expression runs. `int` is a bigint, `double` a number, `bool`, `string`, `bytes` and `null` are
 * JavaScript's own; the rest are classes. JSON enters through `adapt.ts` alone.
 */
import { EvaluationError } from './errors.ts';

export class Uint {
  readonly value: bigint;
  constructor(value: bigint) {
    this.value = value;
  }
}

/** Nanoseconds since 1970. */
export class Timestamp {
  readonly nanos: bigint;
  constructor(nanos: bigint) {
    this.nanos = nanos;
  }
}

/** Nanoseconds. */
export class Duration {
  readonly nanos: bigint;
  constructor(nanos: bigint) {
    this.nanos = nanos;
  }
}

export class TypeValue {
  readonly name: string;
  constructor(name: string) {
    this.name = name;
  }
}

export class Optional {
  readonly value: Value | undefined;
  constructor(value: Value | undefined) {
    this.value = value;
  }
}

/** A value of a type that only functions look into. */
export abstract class Opaque {
  abstract readonly typeName: string;
  abstract equals(other: Opaque): boolean;
}

export abstract class ListValue {
  abstract readonly size: number;
  /** `index` is within the list. */
  abstract at(index: number): Value;
  /** How another list is equal to it. */
  readonly identity: 'set' | readonly string[] | undefined = undefined;

  *[Symbol.iterator](): Iterator<Value> {
    for (let index = 0; index < this.size; index++) yield this.at(index);
  }
}

export class ValueList extends ListValue {
  readonly #values: readonly Value[];
  constructor(values: readonly Value[]) {
    super();
    this.#values = values;
  }
  get size(): number {
    return this.#values.length;
  }
  at(index: number): Value {
    return this.#values[index] as Value;
  }
}

/** Maps and objects. */
export abstract class MapValue {
  abstract readonly size: number;
  /** What its type is called: `map`, or the name of an object's type. */
  readonly typeName: string = 'map';
  abstract get(key: Value): Value | undefined;
  abstract keys(): Iterable<Value>;
  has(key: Value): boolean {
    return this.get(key) !== undefined;
  }
}

export class ValueMap extends MapValue {
  readonly #entries = new Map<string, { readonly key: Value; readonly value: Value }>();

  /** Throws for a key that is none, or that is there. */
  add(key: Value, value: Value): void {
    const id = keyId(key);
    if (id === undefined) throw new EvaluationError(`unsupported key type: ${typeNameOf(key)}`);
    if (this.#entries.has(id)) throw new EvaluationError(`Failed with repeated key`);
    this.#entries.set(id, { key, value });
  }
  get size(): number {
    return this.#entries.size;
  }
  get(key: Value): Value | undefined {
    const id = keyId(key);
    return id === undefined ? undefined : this.#entries.get(id)?.value;
  }
  *keys(): Iterable<Value> {
    for (const { key } of this.#entries.values()) yield key;
  }
}

export type Value =
  | null
  | boolean
  | bigint
  | number
  | string
  | Uint8Array
  | Uint
  | Timestamp
  | Duration
  | TypeValue
  | Optional
  | Opaque
  | ListValue
  | MapValue;

/** Equal keys, also of different numeric types, have the same id. */
function keyId(key: Value): string | undefined {
  if (typeof key === 'string') return `s${key}`;
  if (typeof key === 'bigint') return `n${key}`;
  if (typeof key === 'boolean') return `b${key}`;
  if (key instanceof Uint) return `n${key.value}`;
  return typeof key === 'number' && Number.isInteger(key) ? `n${BigInt(key)}` : undefined;
}

export function typeNameOf(value: Value): string {
  switch (typeof value) {
    case 'bigint':
      return 'int';
    case 'number':
      return 'double';
    case 'boolean':
      return 'bool';
    case 'string':
      return 'string';
    default:
      return value === null ? 'null_type' : objectTypeName(value);
  }
}

function objectTypeName(value: Exclude<Value, null | boolean | bigint | number | string>): string {
  if (value instanceof ListValue) return 'list';
  if (value instanceof MapValue || value instanceof Opaque) return value.typeName;
  if (value instanceof Uint8Array) return 'bytes';
  if (value instanceof Uint) return 'uint';
  if (value instanceof Timestamp) return 'google.protobuf.Timestamp';
  if (value instanceof Duration) return 'google.protobuf.Duration';
  return value instanceof Optional ? 'optional_type' : 'type';
}

/** Elements, characters or bytes; 1 for what has no size. What costs are reckoned by. */
export function sizeOf(value: Value | undefined): number {
  if (typeof value === 'string' || value instanceof Uint8Array) return value.length;
  return value instanceof ListValue || value instanceof MapValue ? value.size : 1;
}
