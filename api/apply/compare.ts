/** Which fields two states of an object differ in. Costs as much as what differs: parts that are shared are not looked at. */
import { sameJson } from '../machinery/json.ts';
import { isList, isObject } from '../patch/value.ts';
import { fieldElement } from './elements.ts';
import { LEAF, nodeOf, type Fields, type FieldSet } from './field-set.ts';
import {
  fieldOf,
  itemElement,
  resolved,
  WHOLE,
  type FieldType,
  type GranularType,
  type ListType,
} from './field-type.ts';
import { everyField } from './fields-of.ts';

export interface Difference {
  /** Added, or with another value. */
  readonly changed: Fields;
  readonly removed: Fields;
}

const CHANGED: Difference = { changed: LEAF, removed: undefined };

/** undefined when they are alike. A property that is undefined counts as absent. */
export function compare(type: FieldType, before: unknown, after: unknown): Difference | undefined {
  if (before === after) return undefined;
  if (before === undefined) return { changed: everyField(type, after), removed: undefined };
  if (after === undefined) return { changed: undefined, removed: everyField(type, before) };
  const actual = resolved(type, after);
  if (resolved(type, before).shape !== actual.shape) return CHANGED;
  if (actual.shape === 'granular' && isMapLike(before) && isMapLike(after)) {
    return compareMaps(actual, before ?? {}, after ?? {});
  }
  if ((actual.shape === 'set' || actual.shape === 'keyed') && isListLike(before) && isListLike(after)) {
    return compareLists(actual, before ?? [], after ?? []);
  }
  return sameJson(before, after) ? undefined : CHANGED;
}

function isMapLike(value: unknown): value is Record<string, unknown> | null {
  return value === null || isObject(value);
}

function isListLike(value: unknown): value is unknown[] | null {
  return value === null || isList(value);
}

function compareMaps(
  type: GranularType,
  before: Readonly<Record<string, unknown>>,
  after: Readonly<Record<string, unknown>>,
): Difference | undefined {
  const found = new Findings();
  const compareField = (name: string): void => {
    const old = own(before, name);
    const now = own(after, name);
    const difference = old === now ? undefined : compare(fieldOf(type, name) ?? WHOLE, old, now);
    if (difference) found.add(fieldElement(name), difference);
  };
  for (const name of Object.keys(after)) compareField(name);
  for (const name of Object.keys(before)) if (!Object.hasOwn(after, name)) compareField(name);
  return found.difference();
}

function own(object: Readonly<Record<string, unknown>>, name: string): unknown {
  return Object.hasOwn(object, name) ? object[name] : undefined;
}

function compareLists(type: ListType, before: readonly unknown[], after: readonly unknown[]): Difference | undefined {
  // Mostly the whole list is as it was, and its items need no names.
  if (sameJson(before, after)) return undefined;
  const found = new Findings();
  const old = byElement(type, before);
  const now = byElement(type, after);
  for (const [element, items] of now) found.add(element, compareItems(type, old.get(element) ?? [], items));
  for (const [element, items] of old) if (!now.has(element)) found.add(element, compareItems(type, items, []));
  return found.difference();
}

function byElement(type: ListType, list: readonly unknown[]): Map<string, unknown[]> {
  const found = new Map<string, unknown[]>();
  for (const item of list) {
    const element = itemElement(type, item);
    if (element === undefined) continue;
    const known = found.get(element);
    if (known) known.push(item);
    else found.set(element, [item]);
  }
  return found;
}

/** Items that can't be told apart are one whole. */
function compareItems(type: ListType, before: readonly unknown[], after: readonly unknown[]): Difference | undefined {
  const element = type.shape === 'set' ? WHOLE : type.element;
  if (before.length <= 1 && after.length <= 1) return compare(element, before[0], after[0]);
  if (before.length > 1 && after.length > 1) return sameJson(before, after) ? undefined : CHANGED;
  if (after.length === 0) return { changed: undefined, removed: LEAF };
  return { changed: after.length === 1 ? everyField(element, after[0]) : LEAF, removed: undefined };
}

/** What is found below one node. */
class Findings {
  private changed: Record<string, FieldSet> | undefined;
  private removed: Record<string, FieldSet> | undefined;

  add(element: string, difference: Difference | undefined): void {
    if (difference?.changed !== undefined) (this.changed ??= {})[element] = difference.changed;
    if (difference?.removed !== undefined) (this.removed ??= {})[element] = difference.removed;
  }

  difference(): Difference | undefined {
    if (!this.changed && !this.removed) return undefined;
    return { changed: nodeOf(false, this.changed ?? {}), removed: nodeOf(false, this.removed ?? {}) };
  }
}
