/**
 * The patch that makes `current` what `modified` says, and takes away what `original` said and `modified` doesn't:
 * kubectl's client-side apply. Fields that nobody here ever mentioned are left alone.
 */
import type { PatchField } from '../../api/patch/patch-schema.ts';
import { isList, isObject, type JsonObject } from '../../api/patch/value.ts';
import { sameJson } from '../../api/machinery/json.ts';
import { CommandError } from '../errors.ts';

/** How the fields of a type are patched; without a type each list is one value, and the patch is a merge patch. */
export interface PatchRules {
  field(typeName: string | undefined, name: string): PatchField | undefined;
  /** Whether keys that the patch doesn't name are dropped. */
  retainsKeys(typeName: string | undefined, name: string): boolean;
}

interface Sides {
  readonly original: JsonObject;
  readonly modified: JsonObject;
  readonly current: JsonObject;
}

const ORDER = '$setElementOrder/';
const DELETE = '$deleteFromPrimitiveList/';

/** Throws CommandError when an element of a list has not the key by which it is told apart. */
export function threeWayPatch(sides: Sides, typeName: string | undefined, rules: PatchRules): JsonObject {
  return new ThreeWay(rules).maps(sides, typeName, false);
}

class ThreeWay {
  private readonly rules: PatchRules;

  constructor(rules: PatchRules) {
    this.rules = rules;
  }

  maps({ original, modified, current }: Sides, typeName: string | undefined, retainsKeys: boolean): JsonObject {
    const patch: JsonObject = {};
    for (const [key, wanted] of Object.entries(modified)) {
      const present = own(current, key);
      const before = own(original, key);
      if (isObject(wanted) && isObject(present)) {
        this.nested(patch, key, { original: asObject(before), modified: wanted, current: present }, typeName);
      } else if (isList(wanted) && isList(present)) {
        this.lists(
          patch,
          key,
          { original: isList(before) ? before : [], modified: wanted, current: present },
          typeName,
        );
      } else if (!sameJson(wanted, present)) patch[key] = wanted;
    }
    for (const key of Object.keys(original)) if (!Object.hasOwn(modified, key)) patch[key] = null;
    const kept = Object.keys(modified).filter((key) => modified[key] !== null);
    const hasMore = Object.keys(current).some((key) => !Object.hasOwn(modified, key));
    if (retainsKeys && kept.length > 0 && (Object.keys(patch).length > 0 || hasMore))
      patch['$retainKeys'] = kept.toSorted();
    return patch;
  }

  private nested(patch: JsonObject, key: string, sides: Sides, typeName: string | undefined): void {
    const field = this.rules.field(typeName, key);
    if (field?.replaces) {
      if (!sameJson(sides.modified, sides.current)) patch[key] = sides.modified;
      return;
    }
    const inner = this.maps(sides, field?.typeName, this.rules.retainsKeys(typeName, key));
    if (Object.keys(inner).length > 0) patch[key] = inner;
  }

  private lists(patch: JsonObject, key: string, sides: ListSides, typeName: string | undefined): void {
    const field = this.rules.field(typeName, key);
    const { modified, current } = sides;
    if (!field?.merges || current.length === 0) {
      if (!sameJson(modified, current)) patch[key] = modified;
    } else if (field.mergeKey === undefined) scalarLists(patch, key, sides);
    else this.keyedLists(patch, key, field.mergeKey, sides, field.typeName);
  }

  private keyedLists(
    patch: JsonObject,
    key: string,
    mergeKey: string,
    sides: ListSides,
    typeName: string | undefined,
  ): void {
    const keyOf = (element: unknown): unknown => {
      if (isObject(element) && Object.hasOwn(element, mergeKey)) return element[mergeKey];
      throw new CommandError(`map: ${JSON.stringify(element)} does not contain declared merge key: ${mergeKey}`);
    };
    const byKey = (list: readonly unknown[]): Map<unknown, JsonObject> =>
      new Map(list.map((element) => [keyOf(element), asObject(element)]));
    const [original, modified, current] = [byKey(sides.original), byKey(sides.modified), byKey(sides.current)];
    const changes: JsonObject[] = [];
    for (const [name, wanted] of modified) {
      const present = current.get(name);
      const inner =
        present &&
        this.maps({ original: original.get(name) ?? {}, modified: wanted, current: present }, typeName, false);
      if (!inner) changes.push(wanted);
      else if (Object.keys(inner).length > 0) changes.push({ ...inner, [mergeKey]: name });
    }
    for (const name of original.keys()) if (!modified.has(name)) changes.push({ $patch: 'delete', [mergeKey]: name });
    const isSameOrder = sameJson([...modified.keys()], [...current.keys()]);
    if (changes.length > 0) patch[key] = changes;
    if (changes.length > 0 || !isSameOrder)
      patch[ORDER + key] = [...modified.keys()].map((name) => ({ [mergeKey]: name }));
  }
}

interface ListSides {
  readonly original: readonly unknown[];
  readonly modified: readonly unknown[];
  readonly current: readonly unknown[];
}

function scalarLists(patch: JsonObject, key: string, { original, modified, current }: ListSides): void {
  const added = modified.filter((value) => !current.includes(value));
  const removed = original.filter((value) => !modified.includes(value));
  if (added.length > 0) patch[key] = added;
  if (removed.length > 0) patch[DELETE + key] = [...new Set(removed)];
  if (removed.length > 0 || !sameJson(modified, current)) patch[ORDER + key] = modified;
}

function own(object: JsonObject, key: string): unknown {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}

function asObject(value: unknown): JsonObject {
  return isObject(value) ? value : {};
}
