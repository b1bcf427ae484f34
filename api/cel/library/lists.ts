/** Lists: Kubernetes' functions, and the lists extension, version 3. */
import { compare, equals, scalarId, sortValues } from '../compare.ts';
import { EvaluationError } from '../errors.ts';
import { method, overload, type Overload } from '../functions.ts';
import {
  BOOL,
  BYTES,
  type CelType,
  DOUBLE,
  DURATION,
  DYN,
  INT,
  listOf,
  param,
  STRING,
  TIMESTAMP,
  UINT,
} from '../types.ts';
import { Duration, ListValue, sizeOf, Uint, type Value, ValueList } from '../values.ts';
import { checkedInt, checkedUint } from './operators.ts';

const A = param('A');
const LIST = listOf(A);
const COMPARABLE: readonly CelType[] = [INT, UINT, DOUBLE, BOOL, STRING, BYTES, DURATION, TIMESTAMP];

function elementsCost([list]: readonly Value[]): number {
  if (!(list instanceof ListValue)) return 1;
  let cost = list.size;
  for (const item of list) cost += Math.ceil((typeof item === 'string' ? item.length : 0) * 0.1);
  return Math.max(1, cost);
}

function sizeCost([list]: readonly Value[]): number {
  return Math.max(1, sizeOf(list));
}

function isSorted(list: ListValue): boolean {
  for (let index = 1; index < list.size; index++) {
    const order = compare(list.at(index - 1), list.at(index));
    if (order === undefined) throw new EvaluationError('no such overload');
    if (order > 0) return false;
  }
  return true;
}

function extreme(name: string, list: ListValue, sign: 1 | -1): Value {
  if (list.size === 0) throw new EvaluationError(`${name} called on empty list`);
  let best = list.at(0);
  for (const item of list) {
    const order = compare(item, best);
    if (order === undefined) throw new EvaluationError('no such overload');
    if (order * sign > 0) best = item;
  }
  return best;
}

function sumOf<T extends Value>(list: ListValue, zero: T, add: (sum: T, item: T) => T): T {
  let sum = zero;
  for (const item of list) sum = add(sum, item as T);
  return sum;
}

function indexOf(list: ListValue, wanted: Value): bigint {
  for (let index = 0; index < list.size; index++) if (equals(list.at(index), wanted)) return BigInt(index);
  return -1n;
}

function lastIndexOf(list: ListValue, wanted: Value): bigint {
  for (let index = list.size - 1; index >= 0; index--) if (equals(list.at(index), wanted)) return BigInt(index);
  return -1n;
}

function slice(list: ListValue, from: bigint, to: bigint): ListValue {
  if (from < 0n || to < 0n) throw new EvaluationError(`cannot slice(${from}, ${to}), negative indexes not supported`);
  if (from > to)
    throw new EvaluationError(`cannot slice(${from}, ${to}), start index must be less than or equal to end index`);
  if (to > BigInt(list.size)) throw new EvaluationError(`cannot slice(${from}, ${to}), list is length ${list.size}`);
  return new ValueList([...list].slice(Number(from), Number(to)));
}

function flatten(list: ListValue, depth: bigint): Value[] {
  if (depth < 0n) throw new EvaluationError('level must be non-negative');
  return [...list].flatMap((item) => {
    if (!(item instanceof ListValue)) return [item];
    return depth > 1n ? flatten(item, depth - 1n) : depth === 1n ? [...item] : [item];
  });
}

function distinct(list: ListValue): ListValue {
  const found = new Map<string, Value[]>();
  const kept: Value[] = [];
  for (const item of list) {
    const id = scalarId(item);
    const same = found.get(id) ?? [];
    if (same.some((other) => equals(other, item))) continue;
    found.set(id, [...same, item]);
    kept.push(item);
  }
  return new ValueList(kept);
}

function range(count: bigint): ListValue {
  return new ValueList(Array.from({ length: Math.max(0, Number(count)) }, (_, index) => BigInt(index)));
}

const PER_TYPE: readonly Overload[] = COMPARABLE.flatMap((type) => {
  const params = [listOf(type)];
  return [
    method<[ListValue]>('isSorted', { params, result: BOOL, cost: elementsCost }, ([list]) => isSorted(list)),
    method<[ListValue]>('min', { params, result: type, cost: elementsCost }, ([list]) => extreme('min', list, -1)),
    method<[ListValue]>('max', { params, result: type, cost: elementsCost }, ([list]) => extreme('max', list, 1)),
    method<[ListValue]>('sort', { params, result: listOf(type), cost: elementsCost }, ([list]) => {
      return new ValueList(sortValues([...list], (item) => item));
    }),
  ];
});

const SUMS: readonly Overload[] = [
  method<[ListValue]>('sum', { params: [listOf(INT)], result: INT, cost: sizeCost }, ([list]) =>
    sumOf<bigint>(list, 0n, (sum, item) => checkedInt(sum + item)),
  ),
  method<[ListValue]>('sum', { params: [listOf(DOUBLE)], result: DOUBLE, cost: sizeCost }, ([list]) =>
    sumOf<number>(list, 0, (sum, item) => sum + item),
  ),
  method<[ListValue]>('sum', { params: [listOf(UINT)], result: UINT, cost: sizeCost }, ([list]) =>
    sumOf(list, new Uint(0n), (sum, item) => checkedUint(sum.value + item.value)),
  ),
  method<[ListValue]>('sum', { params: [listOf(DURATION)], result: DURATION, cost: sizeCost }, ([list]) =>
    sumOf(list, new Duration(0n), (sum, item) => new Duration(checkedInt(sum.nanos + item.nanos))),
  ),
];

export const listLibrary: readonly Overload[] = [
  ...PER_TYPE,
  ...SUMS,
  method<[ListValue, Value]>('indexOf', { params: [LIST, A], result: INT, cost: elementsCost }, ([list, wanted]) =>
    indexOf(list, wanted),
  ),
  method<[ListValue, Value]>('lastIndexOf', { params: [LIST, A], result: INT, cost: elementsCost }, ([list, wanted]) =>
    lastIndexOf(list, wanted),
  ),
  method<[ListValue, bigint, bigint]>(
    'slice',
    { params: [LIST, INT, INT], result: LIST, cost: sizeCost },
    ([list, from, to]) => slice(list, from, to),
  ),
  method<[ListValue]>('flatten', { params: [listOf(LIST)], result: LIST, cost: elementsCost }, ([list]) => {
    return new ValueList(flatten(list, 1n));
  }),
  method<[ListValue, bigint]>(
    'flatten',
    { params: [listOf(DYN), INT], result: listOf(DYN), cost: elementsCost },
    ([list, depth]) => new ValueList(flatten(list, depth)),
  ),
  method<[ListValue]>('distinct', { params: [LIST], result: LIST, cost: elementsCost }, ([list]) => distinct(list)),
  method<[ListValue]>('reverse', { params: [LIST], result: LIST, cost: sizeCost }, ([list]) => {
    return new ValueList([...list].toReversed());
  }),
  overload<[bigint]>(
    'lists.range',
    { params: [INT], result: listOf(INT), cost: ([count]) => Math.max(1, Number(count)) },
    ([count]) => range(count),
  ),
];
