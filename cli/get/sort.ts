/** --sort-by. */
import { parseQuantity, compareQuantities } from '../../api/machinery/quantity.ts';
import { CommandError } from '../errors.ts';
import { Template, relaxed, valueText } from '../../api/machinery/jsonpath.ts';

/** Stable; items without the field come first. Throws CommandError when no item has it. */
export function sortedBy<T>(items: readonly T[], path: string, objectOf: (item: T) => unknown): T[] {
  const template = Template.parse(relaxed(path));
  const keyed = items.map((item) => ({ item, key: template.find(objectOf(item))[0] }));
  if (items.length > 0 && keyed.every(({ key }) => key === undefined)) {
    throw new CommandError(`couldn't find any field with path "${relaxed(path)}" in the list of objects`);
  }
  return keyed.toSorted((a, b) => compareKeys(a.key, b.key)).map(({ item }) => item);
}

function compareKeys(a: unknown, b: unknown): number {
  if (a === undefined || b === undefined) return Number(a !== undefined) - Number(b !== undefined);
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  const [left, right] = [valueText(a), valueText(b)];
  return byQuantity(left, right) ?? (left < right ? -1 : Number(left > right));
}

function byQuantity(a: string, b: string): number | undefined {
  try {
    return compareQuantities(parseQuantity(a), parseQuantity(b));
  } catch {
    // Not both are quantities: they are compared as text.
    return undefined;
  }
}
