/** Who owns which fields of the objects of one kind, and what an applied configuration makes of an object. */
import { badRequest } from '../errors.ts';
import { sameJson } from '../machinery/json.ts';
import type { KubeObject } from '../object.ts';
import type { ManagedFieldsEntry } from '../types/meta.v1.ts';
import { configProblems } from './check-config.ts';
import { compare, type Difference } from './compare.ts';
import { applyConflict, type Conflict } from './conflicts.ts';
import {
  capped,
  encodeEntries,
  entriesOf,
  isReset,
  isSameWriter,
  parseEntries,
  sameEntries,
  type Managed,
} from './entries.ts';
import {
  difference,
  intersection,
  setOf,
  sorted,
  topFields,
  union,
  within,
  without,
  type Fields,
} from './field-set.ts';
import type { FieldType, TypeSource } from './field-type.ts';
import { fieldsOf } from './fields-of.ts';
import { takenOver, withLastApplied } from './last-applied.ts';
import { merge } from './merge.ts';
import { prune } from './prune.ts';
import { SharedSets } from './shared-sets.ts';

export interface Writer {
  readonly manager: string;
  /** What is written through, such as `status` or `scale`; undefined for the object itself. */
  readonly subresource?: string | undefined;
  /** RFC 3339. */
  readonly now: string;
}

export interface Applier extends Writer {
  /** Takes what others own instead of conflicting with them. */
  readonly force: boolean;
}

export interface FieldManagerOptions {
  readonly source: TypeSource;
  readonly apiVersion: string;
  readonly kind: string;
  /** The status is written through a subresource alone. */
  readonly status: boolean;
  /** Fields, such as `metadata.labels`, that a write of the status leaves as they are. */
  readonly statusKeeps: readonly string[];
  /** By subresource, the fields that are written through it alone, such as `spec.containers.*.resources`. */
  readonly partFields?: ReadonlyMap<string, readonly string[]>;
}

/** Whoever owned what there was before anybody applied anything. */
const BEFORE_APPLY = 'before-first-apply';
const STATUS = 'status';

/** Facts of the object that nobody owns. */
const UNOWNED = setOf(
  ['apiVersion'],
  ['kind'],
  ['metadata'],
  ['metadata', 'name'],
  ['metadata', 'namespace'],
  ['metadata', 'creationTimestamp'],
  ['metadata', 'selfLink'],
  ['metadata', 'uid'],
  ['metadata', 'generation'],
  ['metadata', 'managedFields'],
  ['metadata', 'resourceVersion'],
);

export class FieldManager {
  private readonly options: FieldManagerOptions;
  private readonly type: FieldType;
  private readonly statusKeeps: Fields;
  private readonly sets = new SharedSets();
  private blank: KubeObject | undefined;

  /** Throws when the source does not know the version. */
  constructor(options: FieldManagerOptions) {
    const { source, apiVersion, kind } = options;
    const type = source.typeOf(apiVersion);
    if (!type) throw new Error(`${kind} has no version ${apiVersion}`);
    this.options = options;
    this.type = type;
    this.statusKeeps = setOf(...options.statusKeeps.map((path) => path.split('.')));
  }

  /**
   * The managedFields of an object that a writer has put together: `next`, made of `live` (undefined when it is new). What
   * `next` says of them counts only when it is sound; an object that had none gets none.
   */
  updated(live: KubeObject | undefined, next: KubeObject, writer: Writer): ManagedFieldsEntry[] | undefined {
    const { managedFields: sent } = next.metadata;
    const { managedFields: stored } = live?.metadata ?? {};
    const entries = writer.subresource ? entriesOf(stored) : sentOrStored(sent, stored);
    if (live !== undefined && entries.length === 0) return undefined;
    const changes = this.changes(live ?? this.empty(), next, writer.subresource);
    const updated = changes ? capped(this.afterUpdate(entries, changes, writer)) : entries;
    // Already in its stored form: nothing was changed, nor sent.
    if (updated === entries && (sent === stored || writer.subresource)) return stored;
    return encodeEntries(updated);
  }

  /**
   * What applying `config` makes of `live` (undefined when there is none), managedFields included. Throws BadRequest for a
   * configuration that is none, Conflict for one that would change what others own.
   */
  applied(live: KubeObject | undefined, config: KubeObject, applier: Applier): KubeObject {
    this.check(config);
    const before = live ?? this.empty();
    const entries = this.entriesBeforeApply(live, applier);
    const writer = { ...applier, operation: 'Apply' as const, apiVersion: this.options.apiVersion };
    const own = entries.find((entry) => isSameWriter(entry, { ...writer, subresource: applier.subresource }));
    const others = entries.filter((entry) => entry !== own);
    const fields = difference(this.writable(fieldsOf(this.type, config), applier.subresource), UNOWNED);
    const object = this.mergeAndPrune(before, config, { own, others, fields });
    const changes = this.changes(before, object, applier.subresource);
    const rest = this.withoutTaken(before, others, changes && withEmptied(changes, fields), applier);
    const next = withLastApplied(object, config, applier.manager);
    const isUnchanged = changes === undefined && own !== undefined && sameJson(own.fields, fields);
    const time = isUnchanged ? own.time : applier.now;
    const { manager, subresource } = applier;
    const entry = fields && {
      manager,
      operation: 'Apply' as const,
      apiVersion: writer.apiVersion,
      subresource,
      time,
      fields: this.sets.of(sorted(fields)),
    };
    return withEntries(next, encodeEntries(entry ? [...rest, entry] : rest));
  }

  private check(config: KubeObject): void {
    const { apiVersion, kind, source } = this.options;
    const { apiVersion: version = '', kind: of = '', metadata } = config;
    const name = `${metadata.namespace ? `${metadata.namespace}/` : ''}${metadata.name ?? ''}`;
    if (version !== apiVersion || of !== kind) throw badRequest(`invalid object type: ${typeText(version, of)}`);
    if (metadata.managedFields !== undefined) throw badRequest('metadata.managedFields must be nil');
    const problems = configProblems(this.type, config);
    if (problems.length > 0) {
      const why = problems.length === 1 ? problems[0] : `errors:\n${problems.map((line) => `  ${line}`).join('\n')}`;
      throw badRequest(`failed to create typed patch object (${name}; ${apiVersion}, Kind=${kind}): ${why}`);
    }
    source.decode(config);
  }

  private entriesBeforeApply(live: KubeObject | undefined, { subresource, now }: Applier): Managed[] {
    const entries = this.known(entriesOf(live?.metadata.managedFields));
    if (live === undefined || entries.length > 0) return entries;
    const changes = this.changes(this.empty(), live, subresource);
    return changes ? this.afterUpdate([], changes, { manager: BEFORE_APPLY, subresource, now }) : [];
  }

  private mergeAndPrune(
    live: KubeObject,
    config: KubeObject,
    { own, others, fields }: { own: Managed | undefined; others: readonly Managed[]; fields: Fields },
  ): KubeObject {
    const merged = merge(this.type, unmanaged(live), config);
    const owned = others.reduce<Fields>((all, entry) => union(all, entry.fields), fields);
    const pruned = prune(this.type, merged, own?.fields, owned);
    // What is applied as empty, and was emptied just now, is there nevertheless.
    return this.options.source.decode(merge(this.type, pruned, config) as KubeObject);
  }

  /** The others' entries after this apply. Throws Conflict unless it is forced. */
  private withoutTaken(
    live: KubeObject,
    others: readonly Managed[],
    changes: Difference | undefined,
    { manager, force }: Applier,
  ): Managed[] {
    if (changes === undefined) return [...others];
    const conflicts = others.flatMap((owner): Conflict[] => {
      const fields = intersection(owner.fields, changes.changed);
      return fields ? [{ owner, fields }] : [];
    });
    if (conflicts.length > 0 && !force) {
      const allowed = takenOver(this.type, live, manager, this.options.apiVersion);
      const serious = conflicts.flatMap(({ owner, fields: all }): Conflict[] => {
        const fields = difference(all, allowed);
        return fields ? [{ owner, fields }] : [];
      });
      if (serious.length > 0) throw applyConflict(serious);
    }
    return remaining(others, changes);
  }

  /** Whoever changes a field by an update owns it alone. */
  private afterUpdate(entries: readonly Managed[], changes: Difference, writer: Writer): Managed[] {
    const { manager, subresource, now } = writer;
    const { apiVersion } = this.options;
    const known = this.known(entries);
    const gained = difference(changes.changed, UNOWNED);
    if (gained === undefined) return remaining(known, changes);
    const identity = { manager: manager || 'unknown', operation: 'Update' as const, apiVersion, subresource };
    const own = known.find((entry) => isSameWriter(entry, identity));
    const others = known.filter((entry) => entry !== own);
    const fields = union(difference(own?.fields, changes.removed), gained)!;
    // Mostly a writer has owned before what it changes: then its set stays the one that it is.
    const stored = fields === own?.fields ? fields : this.sets.of(sorted(fields));
    return [...remaining(others, changes), { ...identity, time: now, fields: stored }];
  }

  /** What differs between the two and may be written through the subresource. */
  private changes(before: KubeObject, after: KubeObject, subresource: string | undefined): Difference | undefined {
    const found = compare(this.type, unmanaged(before), unmanaged(after));
    if (found === undefined) return undefined;
    const changed = this.writable(found.changed, subresource);
    const removed = this.writable(found.removed, subresource);
    return changed === undefined && removed === undefined ? undefined : { changed, removed };
  }

  private writable(set: Fields, subresource: string | undefined): Fields {
    const fields = subresource === undefined ? undefined : this.options.partFields?.get(subresource);
    if (fields) return fields.reduce<Fields>((all, path) => union(all, within(set, path.split('.'))), undefined);
    if (!this.options.status) return set;
    if (subresource !== STATUS) return topFields(set, (element) => element !== 'f:status');
    const top = topFields(set, (element) => element === 'f:status' || element === 'f:metadata');
    return without(top, this.statusKeeps);
  }

  /** Entries of versions that the kind does not have any more own nothing. */
  private known(entries: readonly Managed[]): Managed[] {
    const { source } = this.options;
    return entries.filter(({ apiVersion }) => source.typeOf(apiVersion) !== undefined);
  }

  private empty(): KubeObject {
    return (this.blank ??= this.options.source.empty());
  }
}

function sentOrStored(
  sent: readonly ManagedFieldsEntry[] | undefined,
  stored: readonly ManagedFieldsEntry[] | undefined,
): Managed[] {
  if (sent === stored || sent === undefined) return entriesOf(stored);
  if (isReset(sent)) return [];
  if (sameEntries(sent, stored)) return entriesOf(stored);
  const entries = parseEntries(sent);
  return entries === undefined || entries.length === 0 ? entriesOf(stored) : entries;
}

/** What is gone because it was applied as empty has been changed by its applier, not given up. */
function withEmptied({ changed, removed }: Difference, applied: Fields): Difference {
  return { changed: union(changed, intersection(removed, applied)), removed };
}

function remaining(entries: readonly Managed[], { changed, removed }: Difference): Managed[] {
  return entries.flatMap((entry) => {
    const fields = difference(difference(entry.fields, changed), removed);
    if (fields === undefined) return [];
    return [fields === entry.fields ? entry : { ...entry, fields }];
  });
}

/** Without what is compared by other means. */
function unmanaged(object: KubeObject): KubeObject {
  const { managedFields: _entries, ...metadata } = object.metadata;
  return { ...object, metadata };
}

function withEntries(object: KubeObject, managedFields: ManagedFieldsEntry[] | undefined): KubeObject {
  const { managedFields: _former, ...metadata } = object.metadata;
  return { ...object, metadata: managedFields ? { ...metadata, managedFields } : metadata };
}

/** `apps/v1, Kind=Deployment`; the core group's versions have nothing before the slash. */
function typeText(apiVersion: string, kind: string): string {
  return `${apiVersion.includes('/') ? apiVersion : `/${apiVersion}`}, Kind=${kind}`;
}
