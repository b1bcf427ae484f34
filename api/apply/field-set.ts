/**
 * Sets of fields, in the form that `fieldsV1` of managedFields has in JSON: a tree whose keys are `f:name`, `k:{"name":"x"}`,
 * `v:"x"` or `i:0`. A node is itself in the set when it is empty or holds `.`. The form that is stored is the form that is
 * worked on, so that nothing is decoded or encoded on the way.
 *
 * Sets are values: no function here changes one, and results share parts with what they were made from. The root is never
 * in a set itself; `undefined` is the set of nothing, at the root as below.
 */
import { compareElements } from './elements.ts';

/** A node, or the root. */
export interface FieldSet {
  readonly [element: string]: FieldSet;
}

export type Fields = FieldSet | undefined;

/** A field that is in the set and has nothing below it. */
export const LEAF: FieldSet = Object.freeze({});
const SELF = '.';

function hasNothing(set: FieldSet): boolean {
  for (const _element in set) return false;
  return true;
}

/** Whether the field whose node this is, is in the set. */
export function isMember(node: Fields): boolean {
  return node !== undefined && (SELF in node || hasNothing(node));
}

/** What is stored as the empty root reads as the set of nothing. */
export function rootOf(stored: FieldSet): Fields {
  return hasNothing(stored) ? undefined : stored;
}

/** A node of these children; undefined when there are none and it is no member itself. */
export function nodeOf(member: boolean, children: Readonly<Record<string, FieldSet>>): Fields {
  if (hasNothing(children)) return member ? LEAF : undefined;
  return member ? { [SELF]: LEAF, ...children } : children;
}

export function asMember(node: Fields): FieldSet {
  if (node === undefined) return LEAF;
  return isMember(node) ? node : { [SELF]: LEAF, ...node };
}

/** The children's elements of a node. */
export function elementsOf(node: FieldSet): string[] {
  return Object.keys(node).filter((element) => element !== SELF);
}

/** Is `a` itself when nothing comes. */
export function union(a: Fields, b: Fields): Fields {
  if (a === undefined || a === b) return b;
  if (b === undefined) return a;
  const wasMember = isMember(a);
  const member = wasMember || isMember(b);
  let changes: Map<string, Fields> | undefined;
  for (const element in b) {
    if (element === SELF) continue;
    const whole = union(a[element], b[element]);
    if (whole !== a[element]) (changes ??= new Map()).set(element, whole);
  }
  if (!changes && member === wasMember) return a;
  return nodeOf(member, changed(a, changes ?? new Map()));
}

/** With its elements in the order in which Kubernetes writes them, which clients compare texts by. Itself when they are. */
export function sorted(set: FieldSet): FieldSet {
  const elements = elementsOf(set);
  if (elements.length === 0) return set;
  let isSorted = isInOrder(elements);
  if (!isSorted) elements.sort(compareElements);
  const result: Record<string, FieldSet> = SELF in set ? { [SELF]: LEAF } : {};
  for (const element of elements) {
    const child = set[element]!;
    result[element] = sorted(child);
    if (result[element] !== child) isSorted = false;
  }
  return isSorted ? set : result;
}

function isInOrder(elements: readonly string[]): boolean {
  for (let index = 1; index < elements.length; index += 1) {
    if (compareElements(elements[index - 1]!, elements[index]!) > 0) return false;
  }
  return true;
}

/** What is in `a` and not in `b`. A field below one that is in `b` stays. Is `a` itself when nothing goes. */
export function difference(a: Fields, b: Fields): Fields {
  if (a === undefined || b === undefined) return a;
  const wasMember = isMember(a);
  const member = wasMember && !isMember(b);
  let changes: Map<string, Fields> | undefined;
  // Of the two, `b` is the small one: what has just changed.
  for (const element in b) {
    const child = element === SELF ? undefined : a[element];
    if (child === undefined) continue;
    const rest = difference(child, b[element]);
    if (rest !== child) (changes ??= new Map()).set(element, rest);
  }
  if (!changes && member === wasMember) return a;
  return nodeOf(member, changed(a, changes ?? new Map()));
}

function changed(node: FieldSet, changes: ReadonlyMap<string, Fields>): Record<string, FieldSet> {
  const children: Record<string, FieldSet> = {};
  for (const element in node) {
    const child = changes.has(element) ? changes.get(element) : node[element];
    if (element !== SELF && child !== undefined) children[element] = child;
  }
  for (const [element, child] of changes) if (child !== undefined) children[element] = child;
  return children;
}

/** As `difference`, but with a field everything below it goes too. */
export function without(a: Fields, b: Fields): Fields {
  if (a === undefined || b === undefined) return a;
  if (isMember(b)) return undefined;
  const children: Record<string, FieldSet> = {};
  for (const element in a) {
    const rest = element === SELF ? undefined : without(a[element], b[element]);
    if (rest !== undefined) children[element] = rest;
  }
  return nodeOf(isMember(a), children);
}

export function intersection(a: Fields, b: Fields): Fields {
  if (a === undefined || b === undefined) return undefined;
  if (a === b) return a;
  const children: Record<string, FieldSet> = {};
  for (const element in a) {
    const shared = element === SELF ? undefined : intersection(a[element], b[element]);
    if (shared !== undefined) children[element] = shared;
  }
  return nodeOf(isMember(a) && isMember(b), children);
}

/** The fields at the top for which `keeps` holds, and all below them. */
export function topFields(set: Fields, keeps: (element: string) => boolean): Fields {
  if (set === undefined) return undefined;
  const children: Record<string, FieldSet> = {};
  for (const element in set) if (keeps(element)) children[element] = set[element]!;
  return nodeOf(false, children);
}

/** What of the set is at a path of field names or below it; `*` stands for any element. */
export function within(set: Fields, [name, ...rest]: readonly string[]): Fields {
  if (set === undefined || name === undefined) return set;
  const children: Record<string, FieldSet> = {};
  for (const element of name === '*' ? elementsOf(set) : [`f:${name}`]) {
    const found = within(set[element], rest);
    if (found !== undefined) children[element] = found;
  }
  return nodeOf(false, children);
}

export function contains(set: Fields, path: readonly string[]): boolean {
  let node = set;
  for (const element of path) node = node?.[element];
  return path.length > 0 && isMember(node);
}

/** Of plain field names: `setOf(['metadata', 'name'])`. */
export function setOf(...paths: readonly (readonly string[])[]): Fields {
  let set: Fields;
  for (const path of paths) {
    const node = path.reduceRight<FieldSet>((below, name) => ({ [`f:${name}`]: below }), LEAF);
    set = union(set, node);
  }
  return set;
}

/** The path of every field that is in the set, in the order of the tree. */
export function pathsOf(set: Fields): string[][] {
  const found: string[][] = [];
  const walk = (node: FieldSet, path: readonly string[]): void => {
    for (const element of elementsOf(node)) {
      const child = node[element]!;
      const here = [...path, element];
      if (isMember(child)) found.push(here);
      walk(child, here);
    }
  };
  if (set !== undefined) walk(set, []);
  return found;
}
