/**
 * Strategic merge patch: like a merge patch, but lists whose type has a merge key are merged element by element.
 * Directives: `$patch`, `$retainKeys`, `$setElementOrder/<list>`, `$deleteFromPrimitiveList/<list>`.
 */
import { badRequest } from '../errors.ts';
import { copyJson, ownValue, setOwn } from '../machinery/json.ts';
import type { SchemaTable } from '../schema/table.ts';
import { checkOrder, elementKind, inOrder, mergeLists } from './lists.ts';
import { PatchSchema } from './patch-schema.ts';
import type { PatchField } from './patch-schema.ts';
import { isList, isObject } from './value.ts';
import type { JsonObject } from './value.ts';

const PATCH = '$patch';
const RETAIN_KEYS = '$retainKeys';
const ORDER_PREFIX = '$setElementOrder/';
const DELETE_PREFIX = '$deleteFromPrimitiveList/';

export class StrategicMerge {
  readonly #schema: PatchSchema;

  constructor(options: { table: SchemaTable }) {
    this.#schema = new PatchSchema(options.table);
  }

  /** Neither argument is changed. Throws BadRequest for a patch that is malformed or does not fit the type. */
  apply(typeName: string, original: object, patch: unknown): JsonObject {
    if (!isObject(patch)) throw badRequest('error decoding patch: a strategic merge patch must be a JSON object');
    return this.#mergeMaps(copyJson(original) as JsonObject, patch, typeName);
  }

  /** `original` is ours and is changed; what comes from the patch is copied. */
  #mergeMaps(original: JsonObject, patch: JsonObject, typeName: string | undefined): JsonObject {
    if (Object.hasOwn(patch, PATCH)) return wholeMap(patch);
    retainKeys(original, patch);
    const done = this.#mergeOrdered(original, patch, typeName);
    for (const [key, value] of Object.entries(patch)) {
      if (key === RETAIN_KEYS || key.startsWith(ORDER_PREFIX) || done.has(key)) continue;
      if (key.startsWith(DELETE_PREFIX)) this.#deletePrimitives(original, key.slice(DELETE_PREFIX.length), value);
      else if (value === null) delete original[key];
      else this.#mergeValue(original, key, value, typeName);
    }
    return original;
  }

  #mergeValue(original: JsonObject, key: string, value: unknown, typeName: string | undefined): void {
    const current = ownValue(original, key);
    const bothMaps = isObject(current) && isObject(value);
    const bothLists = isList(current) && isList(value);
    if (!bothMaps && !bothLists) {
      const plain = withoutDirectives(value);
      if (plain === undefined) delete original[key];
      else setOwn(original, key, plain);
      return;
    }
    const field = this.#field(typeName, key);
    if (bothMaps) {
      setOwn(
        original,
        key,
        field.replaces ? withoutDirectives(value) : this.#mergeMaps(current, value, field.typeName),
      );
    } else if (bothLists) {
      setOwn(original, key, field.merges ? this.#mergeLists(current, value, field, key) : withoutDirectives(value));
    }
  }

  #mergeLists(current: unknown[], patch: readonly unknown[], field: PatchField, key: string): unknown[] {
    return mergeLists(current, patch, {
      name: key,
      mergeKey: field.mergeKey,
      mergeElements: (element, change) => this.#mergeMaps(element, change, field.typeName),
      plainElement: (element) => withoutDirectives(element),
    });
  }

  /** Merges the lists that come with their order, and returns their names. */
  #mergeOrdered(original: JsonObject, patch: JsonObject, typeName: string | undefined): Set<string> {
    const done = new Set<string>();
    for (const [directive, order] of Object.entries(patch)) {
      if (!directive.startsWith(ORDER_PREFIX)) continue;
      const key = directive.slice(ORDER_PREFIX.length);
      const current = ownValue(original, key);
      const change = ownValue(patch, key);
      const isWellFormed = isList(order) && (isList(current) || current === undefined) && isOptionalList(change);
      if (!isWellFormed) throw badRequest('invalid patch format of setElementOrder list');
      const field = this.#field(typeName, key);
      if (change === null || (current === undefined && change === undefined)) continue;
      done.add(key);
      if (isList(change)) checkOrder(change, order, field.mergeKey);
      const merged = this.#mergeOptional(current, change, field, key);
      setOwn(original, key, inOrder(merged, order, isList(current) ? current : [], field.mergeKey));
    }
    return done;
  }

  #mergeOptional(current: unknown, change: unknown, field: PatchField, key: string): unknown[] {
    if (!isList(change)) return isList(current) ? current : [];
    if (!isList(current) || !field.merges) return withoutDirectives(change) as unknown[];
    return this.#mergeLists(current, change, field, key);
  }

  #deletePrimitives(original: JsonObject, key: string, values: unknown): void {
    if (!isList(values)) throw badRequest('invalid patch format of primitive list');
    const current = ownValue(original, key);
    if (!isList(current)) return;
    if (elementKind([...current, ...values], key) === 'map') throw badRequest('invalid patch format of primitive list');
    const gone = new Set(values);
    setOwn(
      original,
      key,
      current.filter((value) => !gone.has(value)),
    );
  }

  #field(typeName: string | undefined, key: string): PatchField {
    const field = this.#schema.field(typeName, key);
    if (field) return field;
    throw badRequest(`unable to find api field in struct ${typeName ?? ''} for the json field ${JSON.stringify(key)}`);
  }
}

function isOptionalList(value: unknown): boolean {
  return isList(value) || value === undefined || value === null;
}

function wholeMap(patch: JsonObject): JsonObject {
  const { [PATCH]: directive, ...rest } = patch;
  if (directive === 'replace') return withoutDirectives(rest) as JsonObject;
  if (directive === 'delete') return {};
  throw badRequest(`unknown patch type: ${JSON.stringify(directive)} in map`);
}

/** Of a union, such as a volume's source, only the named members stay. */
function retainKeys(original: JsonObject, patch: JsonObject): void {
  if (!Object.hasOwn(patch, RETAIN_KEYS)) return;
  const kept = patch[RETAIN_KEYS];
  if (!isList(kept)) throw badRequest('invalid patch format of retainKeys');
  const names = new Set(kept);
  for (const [key, value] of Object.entries(patch)) {
    const isDirective = key === RETAIN_KEYS || key.startsWith(ORDER_PREFIX) || key.startsWith(DELETE_PREFIX);
    if (value !== null && !isDirective && !names.has(key)) throw badRequest('invalid patch format of retainKeys');
  }
  for (const key of Object.keys(original)) if (!names.has(key)) delete original[key];
}

/** A copy of what the patch brings anew; undefined when it only directed. Nulls in maps mean absence. */
function withoutDirectives(value: unknown): unknown {
  if (isList(value)) return value.map((item) => withoutDirectives(item)).filter((item) => item !== undefined);
  if (!isObject(value)) return value;
  if (Object.hasOwn(value, PATCH)) return undefined;
  const plain: JsonObject = {};
  for (const [key, item] of Object.entries(value)) {
    if (item === null || isDirectiveKey(key)) continue;
    const kept = withoutDirectives(item);
    if (kept !== undefined) setOwn(plain, key, kept);
  }
  return plain;
}

function isDirectiveKey(key: string): boolean {
  return key === RETAIN_KEYS || key.startsWith(ORDER_PREFIX) || key.startsWith(DELETE_PREFIX);
}
