/** Lists of named amounts, as requests, limits and quotas hold them, in the numbers to reckon with. */
import {
  addQuantities,
  compareQuantities,
  formatQuantity,
  parseQuantity,
  type Quantity,
} from '../../api/machinery/quantity.ts';

export type Amounts = ReadonlyMap<string, Quantity>;
export type AmountList = Readonly<Record<string, string>>;

const ZERO: Quantity = { nanos: 0n, format: 'DecimalSI' };
export const ONE: Quantity = parseQuantity('1');

export function amountsOf(list: AmountList | undefined): Map<string, Quantity> {
  return new Map(Object.entries(list ?? {}).map(([name, text]) => [name, parseQuantity(text)]));
}

export function listOf(amounts: Amounts): Record<string, string> {
  return Object.fromEntries([...amounts].map(([name, quantity]) => [name, formatQuantity(quantity)]));
}

export function countOf(count: number): Quantity {
  return { nanos: BigInt(count) * ONE.nanos, format: 'DecimalSI' };
}

/** By name; what only one of them has counts as it is. */
export function addAmounts(a: Amounts, b: Amounts): Map<string, Quantity> {
  const sum = new Map(a);
  for (const [name, quantity] of b) sum.set(name, addQuantities(sum.get(name) ?? ZERO, quantity));
  return sum;
}

/** The larger of the two, by name. */
export function maxAmounts(a: Amounts, b: Amounts): Map<string, Quantity> {
  const most = new Map(a);
  for (const [name, quantity] of b) {
    const other = most.get(name);
    if (!other || compareQuantities(quantity, other) > 0) most.set(name, quantity);
  }
  return most;
}

/** What `next` has more than `previous`, by name; never less than nothing. */
export function increase(next: Amounts, previous: Amounts): Map<string, Quantity> {
  const more = new Map<string, Quantity>();
  for (const [name, quantity] of next) {
    const nanos = quantity.nanos - (previous.get(name)?.nanos ?? 0n);
    if (nanos > 0n) more.set(name, { ...quantity, nanos });
  }
  return more;
}

export function only(amounts: Amounts, names: { has(name: string): boolean }): Map<string, Quantity> {
  return new Map([...amounts].filter(([name]) => names.has(name)));
}

/** `cpu=1,memory=1Gi`, in the order of the names. */
export function amountsText(amounts: Amounts): string {
  return [...amounts]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, quantity]) => `${name}=${formatQuantity(quantity)}`)
    .join(',');
}

export function sameAmounts(a: Amounts, b: Amounts): boolean {
  return a.size === b.size && [...a].every(([name, quantity]) => b.get(name)?.nanos === quantity.nanos);
}
