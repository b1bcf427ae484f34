/**
 * Sets of fields, in the form that `fieldsV1` of managedFields has in JSON: a tree whose keys are `f:name`, `k:{"name":"x"}`,
 * `v:"x"` or `i:0`. A node is itself in the set when it is empty or holds `.`. The form that is stored is the form that is
 * worked on, so that nothing is decoded or encoded on the way.
 *
 * Sets are values: no function here changes one, and results share parts with what they were made from. The root is never
 * in a set itself; `undefined` is the set of nothing, at the root as below.
 */
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

/** The children of a node, without the mark that it is a member. */
export function* childrenOf(node: FieldSet): Iterable<[element: string, child: FieldSet]> {
  for (const element in node) if (element !== SELF) yield [element, node[element]!];
}

export function union(a: Fields, b: Fields): Fields {
  if (a === undefined || a === b) return b;
  if (b === undefined) return a;
  const children: Record<string, FieldSet> = {};
  for (const [element, child] of childrenOf(a)) children[element] = child;
  for (const [element, child] of childrenOf(b)) children[element] = union(children[element], child)!;
  return nodeOf(isMember(a) || isMember(b), children);
}

/** What is in `a` and not in `b`. A field below one that is in `b` stays. Is `a` itself when nothing goes. */
export function difference(a: Fields, b: Fields): Fields {
  if (a === undefined || b === undefined) return a;
  const wasMember = isMember(a);
  const member = wasMember && !isMember(b);
  let changed = wasMember && !member;
  const children: Record<string, FieldSet> = {};
  for (const [element, child] of childrenOf(a)) {
    const rest = difference(child, b[element]);
    if (rest !== child) changed = true;
    if (rest !== undefined) children[element] = rest;
  }
  return changed ? nodeOf(member, children) : a;
}

/** As `difference`, but with a field everything below it goes too. */
export function without(a: Fields, b: Fields): Fields {
  if (a === undefined || b === undefined) return a;
  if (isMember(b)) return undefined;
  const children: Record<string, FieldSet> = {};
  for (const [element, child] of childrenOf(a)) {
    const rest = without(child, b[element]);
    if (rest !== undefined) children[element] = rest;
  }
  return nodeOf(isMember(a), children);
}

export function intersection(a: Fields, b: Fields): Fields {
  if (a === undefined || b === undefined) return undefined;
  if (a === b) return a;
  const children: Record<string, FieldSet> = {};
  for (const [element, child] of childrenOf(a)) {
    const shared = intersection(child, b[element]);
    if (shared !== undefined) children[element] = shared;
  }
  return nodeOf(isMember(a) && isMember(b), children);
}

/** The fields at the top for which `keeps` holds, and all below them. */
export function topFields(set: Fields, keeps: (element: string) => boolean): Fields {
  if (set === undefined) return undefined;
  const children: Record<string, FieldSet> = {};
  for (const [element, child] of childrenOf(set)) if (keeps(element)) children[element] = child;
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
    for (const [element, child] of childrenOf(node)) {
      const here = [...path, element];
      if (isMember(child)) found.push(here);
      walk(child, here);
    }
  };
  if (set !== undefined) walk(set, []);
  return found;
}
