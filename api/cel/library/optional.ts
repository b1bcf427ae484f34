/** Values that may be missing. `optMap` and `optFlatMap` are macros. */
import { EvaluationError } from '../errors.ts';
import { method, overload, type Overload } from '../functions.ts';
import { BOOL, DYN, listOf, optionalOf, param } from '../types.ts';
import { Duration, ListValue, MapValue, Optional, Timestamp, Uint, type Value, ValueList } from '../values.ts';

const A = param('A');
const OPTIONAL = optionalOf(A);

function isZero(value: Value): boolean {
  if (value === null || value === false || value === 0n || value === 0 || value === '') return true;
  if (value instanceof Uint) return value.value === 0n;
  if (value instanceof ListValue || value instanceof MapValue) return value.size === 0;
  if (value instanceof Uint8Array) return value.length === 0;
  return (value instanceof Duration || value instanceof Timestamp) && value.nanos === 0n;
}

function present({ value }: Optional): Value {
  if (value === undefined) throw new EvaluationError('optional.none() dereference');
  return value;
}

export const optionalLibrary: readonly Overload[] = [
  overload<[Value]>('optional.of', { params: [A], result: OPTIONAL }, ([value]) => new Optional(value)),
  overload<[Value]>('optional.ofNonZeroValue', { params: [A], result: OPTIONAL }, ([value]) => {
    return new Optional(isZero(value) ? undefined : value);
  }),
  overload<[]>('optional.none', { params: [], result: optionalOf(DYN) }, () => new Optional(undefined)),
  method<[Optional]>('hasValue', { params: [OPTIONAL], result: BOOL }, ([{ value }]) => value !== undefined),
  method<[Optional]>('value', { params: [OPTIONAL], result: A }, ([optional]) => present(optional)),
  method<[Optional, Optional]>('or', { params: [OPTIONAL, OPTIONAL], result: OPTIONAL }, ([first, second]) => {
    return first.value === undefined ? second : first;
  }),
  method<[Optional, Value]>('orValue', { params: [OPTIONAL, A], result: A }, ([{ value }, other]) => value ?? other),
  overload<[ListValue]>('optional.unwrap', { params: [listOf(OPTIONAL)], result: listOf(A) }, ([list]) => unwrap(list)),
  method<[ListValue]>('unwrapOpt', { params: [listOf(OPTIONAL)], result: listOf(A) }, ([list]) => unwrap(list)),
];

function unwrap(list: ListValue): ListValue {
  const values: Value[] = [];
  for (const item of list) if (item instanceof Optional && item.value !== undefined) values.push(item.value);
  return new ValueList(values);
}
