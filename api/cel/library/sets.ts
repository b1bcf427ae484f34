/** Lists taken for sets. */
import { equals } from '../compare.ts';
import { overload, type Overload } from '../functions.ts';
import { BOOL, listOf, param } from '../types.ts';
import { type ListValue, sizeOf, type Value } from '../values.ts';

const LIST = listOf(param('A'));

function productCost([a, b]: readonly Value[]): number {
  return Math.max(1, sizeOf(a) * sizeOf(b));
}

function contains(list: ListValue, sub: ListValue): boolean {
  const items = [...list];
  return [...sub].every((wanted) => items.some((item) => equals(item, wanted)));
}

function row(name: string, holds: (a: ListValue, b: ListValue) => boolean): Overload {
  const signature = { params: [LIST, LIST], result: BOOL, cost: productCost };
  return overload<[ListValue, ListValue]>(name, signature, ([a, b]) => holds(a, b));
}

export const setLibrary: readonly Overload[] = [
  row('sets.contains', contains),
  row('sets.equivalent', (a, b) => contains(a, b) && contains(b, a)),
  row('sets.intersects', (a, b) => [...a].some((item) => [...b].some((other) => equals(item, other)))),
];
