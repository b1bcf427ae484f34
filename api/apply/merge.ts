/** Puts an applied configuration into an object: what it says stands, all else stays. */
import { setOwn } from '../machinery/json.ts';
import { isList, isObject } from '../patch/value.ts';
import type { JsonObject } from '../patch/value.ts';
import {
  fieldOf,
  itemElement,
  resolved,
  WHOLE,
  type FieldType,
  type GranularType,
  type ListType,
} from './field-type.ts';

/** Changes neither; the result may share parts with both. */
export function merge(type: FieldType, live: unknown, config: unknown): unknown {
  if (config === undefined) return live;
  if (live === undefined) return config;
  const actual = resolved(type, config);
  if (actual.shape === 'granular') {
    if (config === null) return isObject(live) && Object.keys(live).length > 0 ? live : null;
    return isObject(live) && isObject(config) ? mergeMaps(actual, live, config) : config;
  }
  if (actual.shape === 'whole') return config;
  if (config === null) return isList(live) && live.length > 0 ? live : null;
  return isList(live) && isList(config) ? mergeLists(actual, live, config) : config;
}

function mergeMaps(type: GranularType, live: JsonObject, config: JsonObject): JsonObject {
  const merged: JsonObject = { ...live };
  for (const [name, value] of Object.entries(config)) {
    const before = Object.hasOwn(live, name) ? live[name] : undefined;
    setOwn(merged, name, merge(fieldOf(type, name) ?? WHOLE, before, value));
  }
  return merged;
}

interface Item {
  readonly element: string | undefined;
  readonly value: unknown;
}

/**
 * Items of the configuration stand in its order. Items of the object alone stand where they stood, as far as that order
 * leaves a place: before the shared item that they stood before.
 */
function mergeLists(type: ListType, live: readonly unknown[], config: readonly unknown[]): unknown[] {
  const itemOf = (value: unknown): Item => ({ element: itemElement(type, value), value });
  const liveItems = live.map(itemOf);
  const configItems = config.map(itemOf);
  const liveValues = soleValues(liveItems);
  const applied = new Set(configItems.map(({ element }) => element));
  const mergeItem = ({ element, value }: Item): unknown => {
    const before = element === undefined ? undefined : liveValues.get(element);
    return merge(type.shape === 'set' ? WHOLE : type.element, before, value);
  };
  const merged: unknown[] = [];
  const done = new Set<string | undefined>();
  // Shared items that are still to come, in the order of the configuration.
  const shared = configItems.filter(({ element }) => element !== undefined && liveValues.has(element));
  let nextShared = 0;
  let next = 0;
  const takeConfig = (): void => {
    const item = configItems[next]!;
    next += 1;
    if (shared[nextShared] === item) nextShared += 1;
    done.add(item.element);
    merged.push(mergeItem(item));
  };
  for (const item of liveItems) {
    if (item.element === undefined || !applied.has(item.element)) {
      merged.push(item.value);
      continue;
    }
    // Shared, but not the one whose turn it is: it comes where the configuration has it.
    if (done.has(item.element) || shared[nextShared]?.element !== item.element) continue;
    while (!done.has(item.element)) takeConfig();
  }
  while (next < configItems.length) takeConfig();
  return merged;
}

/** What is there twice under one key is replaced, not merged. */
function soleValues(items: readonly Item[]): Map<string, unknown> {
  const values = new Map<string, unknown>();
  for (const { element, value } of items) {
    if (element !== undefined) values.set(element, values.has(element) ? undefined : value);
  }
  return values;
}
