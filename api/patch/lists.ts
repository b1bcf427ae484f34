/** Merging lists for the strategic merge patch: which elements there are, and in which order they end. */
import { badRequest } from '../errors.ts';
import { isList, isObject } from './value.ts';
import type { JsonObject } from './value.ts';

export interface ListRules {
  /** The field's name, for messages. */
  readonly name: string;
  readonly mergeKey: string | undefined;
  /** May change `element`. */
  mergeElements(element: JsonObject, change: JsonObject): JsonObject;
  /** What is added: a copy without directives. */
  plainElement(element: JsonObject): unknown;
}

/** The elements' kind; all must have the same, and it must not be a list. Throws BadRequest. */
export function elementKind(elements: readonly unknown[], name: string): string {
  const kinds = new Set(elements.map((element) => (isObject(element) ? 'map' : typeof element)));
  if (elements.some((element) => isList(element))) throw badRequest('lists of lists are not supported');
  if (kinds.size > 1) throw badRequest(`list element types are not identical: ${name}`);
  return [...kinds][0] ?? 'undefined';
}

/** Throws BadRequest for elements of mixed kinds, without their key, or with an unknown directive. */
export function mergeLists(current: unknown[], patch: readonly unknown[], rules: ListRules): unknown[] {
  if (elementKind([...current, ...patch], rules.name) !== 'map') {
    return inOrder([...new Set([...current, ...patch])], patch, current, undefined);
  }
  const { mergeKey } = rules;
  if (mergeKey === undefined) throw badRequest(`cannot merge lists without merge key for ${rules.name}`);
  const { kept, changes } = carryOutDirectives(current as JsonObject[], patch as JsonObject[], mergeKey);
  const merged = mergeByKey(kept, changes, mergeKey, rules);
  return inOrder(merged, changes, kept, mergeKey);
}

function carryOutDirectives(
  current: readonly JsonObject[],
  patch: readonly JsonObject[],
  mergeKey: string,
): { kept: JsonObject[]; changes: JsonObject[] } {
  const changes: JsonObject[] = [];
  const deleted = new Set<unknown>();
  let replaces = false;
  for (const element of patch) {
    const directive = Object.hasOwn(element, '$patch') ? element['$patch'] : undefined;
    if (directive === undefined) changes.push(element);
    else if (directive === 'delete') deleted.add(keyOf(element, mergeKey));
    else if (directive === 'replace') replaces = true;
    else if (directive === 'merge') throw badRequest('merging lists cannot yet be specified in the patch');
    else throw badRequest(`unknown patch type: ${JSON.stringify(directive)} in map`);
  }
  const kept = replaces ? [] : current.filter((element) => !deleted.has(element[mergeKey]));
  return { kept, changes };
}

function mergeByKey(
  kept: readonly JsonObject[],
  changes: readonly JsonObject[],
  mergeKey: string,
  rules: ListRules,
): unknown[] {
  const merged: unknown[] = [...kept];
  const places = new Map<unknown, number>();
  for (const [index, element] of kept.entries()) {
    const key = keyOf(element, mergeKey);
    if (!places.has(key)) places.set(key, index);
  }
  for (const change of changes) {
    const key = keyOf(change, mergeKey);
    const place = places.get(key);
    if (place === undefined) {
      places.set(key, merged.length);
      merged.push(rules.plainElement(change));
    } else {
      merged[place] = rules.mergeElements(merged[place] as JsonObject, change);
    }
  }
  return merged;
}

function keyOf(element: unknown, mergeKey: string): unknown {
  if (isObject(element) && Object.hasOwn(element, mergeKey)) return element[mergeKey];
  throw badRequest(`map does not contain declared merge key: ${mergeKey}`);
}

/**
 * Elements that the patch names stand in its order, the others in the order that they had; between the two, an element
 * stands before another when it did so until now.
 */
export function inOrder(
  elements: readonly unknown[],
  wanted: readonly unknown[],
  current: readonly unknown[],
  mergeKey: string | undefined,
): unknown[] {
  const identity = (element: unknown): unknown => (mergeKey === undefined ? element : keyOf(element, mergeKey));
  const wantedRank = ranks(wanted, identity);
  const currentRank = ranks(current, identity);
  const named = byRank(
    elements.filter((element) => wantedRank.has(identity(element))),
    wantedRank,
    identity,
  );
  const others = byRank(
    elements.filter((element) => !wantedRank.has(identity(element))),
    currentRank,
    identity,
  );
  const result: unknown[] = [];
  let next = 0;
  for (const element of named) {
    const rank = currentRank.get(identity(element));
    while (next < others.length && rank !== undefined && isBefore(currentRank.get(identity(others[next])), rank)) {
      result.push(others[next]);
      next += 1;
    }
    result.push(element);
  }
  return [...result, ...others.slice(next)];
}

/** What the patch adds or changes must stand in its order list, in the same order. Throws BadRequest. */
export function checkOrder(patch: readonly unknown[], order: readonly unknown[], mergeKey: string | undefined): void {
  if (order.length === 0) return;
  const identity = (element: unknown): unknown => (mergeKey === undefined ? element : keyOf(element, mergeKey));
  const named = patch.filter((element) => !isObject(element) || !Object.hasOwn(element, '$patch')).map(identity);
  let next = 0;
  for (const element of order) if (next < named.length && identity(element) === named[next]) next += 1;
  if (next < named.length) throw badRequest("The order in patch list doesn't match $setElementOrder list");
}

function isBefore(rank: number | undefined, other: number): boolean {
  return rank !== undefined && rank < other;
}

function ranks(elements: readonly unknown[], identity: (element: unknown) => unknown): Map<unknown, number> {
  const found = new Map<unknown, number>();
  for (const [index, element] of elements.entries()) {
    const key = identity(element);
    if (!found.has(key)) found.set(key, index);
  }
  return found;
}

function byRank(
  elements: readonly unknown[],
  rank: ReadonlyMap<unknown, number>,
  identity: (element: unknown) => unknown,
): unknown[] {
  const rankOf = (element: unknown): number => rank.get(identity(element)) ?? Number.MAX_SAFE_INTEGER;
  return elements.toSorted((a, b) => rankOf(a) - rankOf(b));
}
