/** The entries of managedFields: who owns which fields, by which operation, in which version. */
import type { ManagedFieldsEntry } from '../types/meta.v1.ts';
import { sameJson } from '../machinery/json.ts';
import { canonicalElement } from './elements.ts';
import { LEAF, nodeOf, rootOf, sorted, union, type Fields, type FieldSet } from './field-set.ts';

export type Operation = 'Apply' | 'Update';

/** An entry whose fields have been checked. */
export interface Managed {
  readonly manager: string;
  readonly operation: Operation;
  readonly apiVersion: string;
  /** Such as `status`; undefined for the object itself. */
  readonly subresource: string | undefined;
  readonly time: string | undefined;
  /** Never empty. */
  readonly fields: FieldSet;
}

/** So many entries of updates are kept; older ones are put together. */
const MAX_UPDATERS = 10;
const OLD_UPDATES = 'ancient-changes';

/** As stored by this server, where every entry is sound. */
export function entriesOf(stored: readonly ManagedFieldsEntry[] | undefined): Managed[] {
  const found: Managed[] = [];
  for (const { manager = '', operation, apiVersion = '', subresource, time, fieldsV1 } of stored ?? []) {
    // FieldsV1 is an object to the decoder; what is in it was checked when it came in.
    const fields = rootOf((fieldsV1 ?? {}) as FieldSet);
    if (fields === undefined) continue;
    found.push({ manager, operation: operation as Operation, apiVersion, subresource, time, fields });
  }
  return found;
}

/** As a client sent them; undefined when one is not sound. */
export function parseEntries(sent: readonly ManagedFieldsEntry[]): Managed[] | undefined {
  const found: Managed[] = [];
  for (const { manager = '', operation, apiVersion, subresource, time, fieldsType, fieldsV1 } of sent) {
    if ((operation !== 'Apply' && operation !== 'Update') || !apiVersion || fieldsType !== 'FieldsV1') return undefined;
    try {
      const fields = canonicalRoot(fieldsV1 ?? {});
      if (fields !== undefined) found.push({ manager, operation, apiVersion, subresource, time, fields });
    } catch {
      // A form that is none: then what there was counts, as Kubernetes has it for clients that garble what they read.
      return undefined;
    }
  }
  return found;
}

function canonicalRoot(fields: object): Fields {
  return rootOf(sorted(canonicalNode(fields) ?? LEAF));
}

function canonicalNode(value: unknown): FieldSet | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Error('a node is an object');
  const children: Record<string, FieldSet> = {};
  let isMember = Object.keys(value).length === 0;
  for (const [element, child] of Object.entries(value)) {
    const canonical = element === '.' ? undefined : canonicalElement(element);
    const node = canonical === undefined ? undefined : canonicalNode(child);
    if (element === '.') isMember = true;
    else if (canonical !== undefined && node !== undefined) children[canonical] = node;
  }
  return nodeOf(isMember, children);
}

/** `[]` and `[{}]` ask for nobody to own anything any more. */
export function isReset(sent: readonly ManagedFieldsEntry[] | undefined): boolean {
  if (sent === undefined) return false;
  const [first] = sent;
  return first === undefined || (sent.length === 1 && Object.keys(first).length === 0);
}

/** Sorted as Kubernetes sorts them; undefined when there are none. */
export function encodeEntries(entries: readonly Managed[]): ManagedFieldsEntry[] | undefined {
  if (entries.length === 0) return undefined;
  return entries.toSorted(compareEntries).map(({ manager, operation, apiVersion, subresource, time, fields }) => ({
    manager,
    operation,
    apiVersion,
    ...(time === undefined ? {} : { time }),
    fieldsType: 'FieldsV1',
    fieldsV1: fields as Record<string, unknown>,
    ...(subresource ? { subresource } : {}),
  }));
}

function compareEntries(a: Managed, b: Managed): number {
  return (
    order(a.operation, b.operation) ||
    order(a.time ?? '', b.time ?? '') ||
    order(a.manager, b.manager) ||
    order(a.apiVersion, b.apiVersion) ||
    order(a.subresource ?? '', b.subresource ?? '')
  );
}

/** Times too: each is written in the one form, to the second, in UTC. */
function order(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Whether an entry is the one that this writer writes into. An applier has one, whatever version it applies. */
export function isSameWriter(entry: Managed, writer: Omit<Managed, 'fields' | 'time'>): boolean {
  return (
    entry.manager === writer.manager &&
    entry.operation === writer.operation &&
    (entry.subresource ?? '') === (writer.subresource ?? '') &&
    (entry.operation === 'Apply' || entry.apiVersion === writer.apiVersion)
  );
}

/** The oldest updates become one entry a version, until there are few enough. */
export function capped(entries: readonly Managed[]): readonly Managed[] {
  const updates = entries.filter(({ operation }) => operation === 'Update');
  if (updates.length <= MAX_UPDATERS) return entries;
  let excess = updates.length - MAX_UPDATERS;
  const gone = new Set<Managed>();
  const buckets = new Map<string, Managed>();
  for (const entry of updates.toSorted((a, b) => order(a.time ?? '', b.time ?? '') || order(a.manager, b.manager))) {
    const bucket = buckets.get(entry.apiVersion);
    gone.add(entry);
    buckets.set(entry.apiVersion, bucket ? joined(bucket, entry) : entry);
    if (bucket) excess -= 1;
    if (excess === 0) break;
  }
  return [...entries.filter((entry) => !gone.has(entry)), ...buckets.values()];
}

function joined(bucket: Managed, entry: Managed): Managed {
  const { apiVersion, time } = entry;
  const fields = sorted(union(bucket.fields, entry.fields)!);
  return { manager: OLD_UPDATES, operation: 'Update', apiVersion, subresource: undefined, time, fields };
}

/** Times alone make no difference. */
export function sameEntries(
  a: readonly ManagedFieldsEntry[] | undefined,
  b: readonly ManagedFieldsEntry[] | undefined,
): boolean {
  if (a === b) return true;
  if (a === undefined || b === undefined) return (a ?? b ?? []).length === 0;
  return a.length === b.length && sameJson(untimed(a), untimed(b));
}

/** In an order that does not go by time. */
function untimed(entries: readonly ManagedFieldsEntry[]): ManagedFieldsEntry[] {
  return entries.map((entry) => ({ ...entry, time: undefined })).toSorted((a, b) => order(idOf(a), idOf(b)));
}

function idOf({ manager, operation, apiVersion, subresource }: ManagedFieldsEntry): string {
  return JSON.stringify([operation, manager, apiVersion, subresource]);
}
