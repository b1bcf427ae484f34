/** Equality over all values, and order where there is one. Numbers of different types are compared by their value. */
import { EvaluationError } from './errors.ts';
import {
  Duration,
  ListValue,
  MapValue,
  Opaque,
  Optional,
  Timestamp,
  TypeValue,
  Uint,
  type Value,
  typeNameOf,
} from './values.ts';

export function equals(a: Value, b: Value): boolean {
  if (a === b) return true;
  if (typeof a === 'string' || typeof a === 'boolean' || a === null || b === null) return false;
  if (a instanceof ListValue) return b instanceof ListValue && sameList(a, b);
  if (a instanceof MapValue) return b instanceof MapValue && sameMap(a, b);
  if (a instanceof Uint8Array) return b instanceof Uint8Array && Buffer.compare(a, b) === 0;
  if (a instanceof Timestamp) return b instanceof Timestamp && a.nanos === b.nanos;
  if (a instanceof Duration) return b instanceof Duration && a.nanos === b.nanos;
  if (a instanceof TypeValue) return b instanceof TypeValue && a.name === b.name;
  if (a instanceof Optional) return b instanceof Optional && sameOptional(a, b);
  if (a instanceof Opaque) return b instanceof Opaque && a.typeName === b.typeName && a.equals(b);
  return isNumber(b) && compareNumbers(a, b) === 0;
}

function sameOptional(a: Optional, b: Optional): boolean {
  if (a.value === undefined || b.value === undefined) return a.value === b.value;
  return equals(a.value, b.value);
}

function sameMap(a: MapValue, b: MapValue): boolean {
  if (a.size !== b.size) return false;
  for (const key of a.keys()) {
    const left = a.get(key);
    const right = b.get(key);
    if (left === undefined || right === undefined || !equals(left, right)) return false;
  }
  return true;
}

function sameList(a: ListValue, b: ListValue): boolean {
  if (a.size !== b.size) return false;
  const identity = a.identity ?? b.identity;
  if (identity === 'set') return sameElements(a, b);
  if (identity) return sameItems(a, b, identity);
  for (let index = 0; index < a.size; index++) {
    if (!equals(a.at(index), b.at(index))) return false;
  }
  return true;
}

function sameElements(a: ListValue, b: ListValue): boolean {
  const ids = new Set([...b].map(scalarId));
  return [...a].every((value) => ids.has(scalarId(value)));
}

function sameItems(a: ListValue, b: ListValue, keys: readonly string[]): boolean {
  const byKey = new Map([...b].map((item) => [itemKey(item, keys), item]));
  return [...a].every((item) => {
    const other = byKey.get(itemKey(item, keys));
    return other !== undefined && equals(item, other);
  });
}

/** Sets hold scalars; what is none counts by the text of what it holds. */
export function scalarId(value: Value): string {
  if (value instanceof Uint) return `${value.value}`;
  if (value instanceof Timestamp || value instanceof Duration) return `${value.nanos}`;
  if (value instanceof ListValue) return `[${[...value].map(scalarId).join(',')}]`;
  if (value instanceof MapValue) {
    return `{${[...value.keys()].map((key) => `${scalarId(key)}:${scalarId(value.get(key) ?? null)}`).join(',')}}`;
  }
  if (typeof value === 'string') return JSON.stringify(value);
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex');
  return typeof value === 'object' ? typeNameOf(value) : String(value);
}

export function itemKey(item: Value, keys: readonly string[]): string {
  if (!(item instanceof MapValue)) return scalarId(item);
  return keys.map((key) => scalarId(item.get(key) ?? null)).join('\0');
}

export type Numeric = bigint | number | Uint;

export function isNumber(value: Value): value is Numeric {
  return typeof value === 'bigint' || typeof value === 'number' || value instanceof Uint;
}

/** NaN when either is NaN. JavaScript compares a bigint and a number by their exact values. */
export function compareNumbers(a: Numeric, b: Numeric): number {
  const left = a instanceof Uint ? a.value : a;
  const right = b instanceof Uint ? b.value : b;
  if (left < right) return -1;
  if (left > right) return 1;
  return Number.isNaN(Number(left)) || Number.isNaN(Number(right)) ? Number.NaN : 0;
}

/** Negative, 0 or positive; NaN for NaN; undefined for what has no order. */
export function compare(a: Value, b: Value): number | undefined {
  if (isNumber(a) && isNumber(b)) return compareNumbers(a, b);
  if (typeof a === 'string' && typeof b === 'string') return Buffer.compare(Buffer.from(a), Buffer.from(b));
  if (typeof a === 'boolean' && typeof b === 'boolean') return Number(a) - Number(b);
  if (a instanceof Uint8Array && b instanceof Uint8Array) return Buffer.compare(a, b);
  if (a instanceof Timestamp && b instanceof Timestamp) return compareNumbers(a.nanos, b.nanos);
  return a instanceof Duration && b instanceof Duration ? compareNumbers(a.nanos, b.nanos) : undefined;
}

/** In ascending order; throws for elements that have none with each other. */
export function sortValues<T>(items: readonly T[], keyOf: (item: T) => Value): T[] {
  return items.toSorted((a, b) => {
    const order = compare(keyOf(a), keyOf(b));
    if (order === undefined) throw new EvaluationError('list elements must be comparable');
    return order;
  });
}
