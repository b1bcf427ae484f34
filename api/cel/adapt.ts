/**
 * JSON as values, by the type that was declared for it. Nothing is copied: lists, maps and objects are looked into when
 * the expression does. Numbers without a declared type are ints when they are whole, as in Kubernetes.
 */
import { dateOf, durationOf, timestampOf } from './time.ts';
import { DYN, type CelType, type ListType, type MapType, type ObjectType } from './types.ts';
import { Duration, ListValue, MapValue, Opaque, Optional, Timestamp, TypeValue, Uint, type Value } from './values.ts';

type Json = Readonly<Record<string, unknown>>;

/** What does not have the declared type is taken for what it is. */
export function adapt(type: CelType, raw: unknown): Value {
  switch (typeof raw) {
    case 'string':
      return adaptString(type, raw);
    case 'number':
      return type.kind !== 'double' && Number.isInteger(raw) ? BigInt(raw) : raw;
    case 'boolean':
    case 'bigint':
      return raw;
    case 'object':
      return raw === null ? null : adaptObject(type, raw);
    default:
      return null;
  }
}

function adaptString(type: CelType, raw: string): Value {
  switch (type.kind) {
    case 'timestamp':
      return timestampOf(raw) ?? dateOf(raw) ?? raw;
    case 'duration':
      return durationOf(raw) ?? raw;
    case 'bytes':
      return new Uint8Array(Buffer.from(raw, 'base64'));
    default:
      return raw;
  }
}

function adaptObject(type: CelType, raw: object): Value {
  if (isValue(raw)) return raw;
  if (Array.isArray(raw)) return new JsonList(raw, type.kind === 'list' ? type : undefined);
  if (type.kind === 'object') return new JsonObject(raw as Json, type);
  return new JsonMap(raw as Json, type.kind === 'map' ? type : undefined);
}

function isValue(raw: object): raw is Exclude<Value, null | boolean | bigint | number | string> {
  return (
    raw instanceof ListValue ||
    raw instanceof MapValue ||
    raw instanceof Opaque ||
    raw instanceof Optional ||
    raw instanceof Uint8Array ||
    raw instanceof Uint ||
    raw instanceof Timestamp ||
    raw instanceof Duration ||
    raw instanceof TypeValue
  );
}

class JsonList extends ListValue {
  readonly #raw: readonly unknown[];
  readonly #element: CelType;
  override readonly identity: ListType['identity'];

  constructor(raw: readonly unknown[], type: ListType | undefined) {
    super();
    this.#raw = raw;
    this.#element = type?.element ?? DYN;
    this.identity = type?.identity;
  }
  get size(): number {
    return this.#raw.length;
  }
  at(index: number): Value {
    return adapt(this.#element, this.#raw[index]);
  }
}

class JsonMap extends MapValue {
  readonly #raw: Json;
  readonly #value: CelType;

  constructor(raw: Json, type: MapType | undefined) {
    super();
    this.#raw = raw;
    this.#value = type?.value ?? DYN;
  }
  get size(): number {
    return [...this.keys()].length;
  }
  override has(key: Value): boolean {
    return typeof key === 'string' && Object.hasOwn(this.#raw, key) && this.#raw[key] !== undefined;
  }
  get(key: Value): Value | undefined {
    return this.has(key) ? adapt(this.#value, this.#raw[key as string]) : undefined;
  }
  *keys(): Iterable<Value> {
    for (const key of Object.keys(this.#raw)) if (this.#raw[key] !== undefined) yield key;
  }
}

class JsonObject extends MapValue {
  readonly #raw: Json;
  readonly #type: ObjectType;
  override readonly typeName: string;

  constructor(raw: Json, type: ObjectType) {
    super();
    this.#raw = raw;
    this.#type = type;
    this.typeName = type.name;
  }
  get size(): number {
    return [...this.keys()].length;
  }
  get(name: Value): Value | undefined {
    const field = typeof name === 'string' ? this.#type.field(name) : undefined;
    if (!field || !Object.hasOwn(this.#raw, field.property)) return undefined;
    const raw = this.#raw[field.property];
    return raw === undefined ? undefined : adapt(field.type, raw);
  }
  *keys(): Iterable<Value> {
    for (const name of this.#type.fieldNames()) if (this.has(name)) yield name;
  }
}

/** As JSON; for what an expression gives back to objects and messages. */
export function toJson(value: Value): unknown {
  if (typeof value === 'bigint') return Number(value);
  if (value instanceof Uint) return Number(value.value);
  if (value instanceof ListValue) return [...value].map(toJson);
  if (value instanceof MapValue) {
    return Object.fromEntries([...value.keys()].map((key) => [String(toJson(key)), toJson(value.get(key) ?? null)]));
  }
  if (value instanceof Optional) return value.value === undefined ? null : toJson(value.value);
  return value instanceof Uint8Array ? Buffer.from(value).toString('base64') : value;
}
