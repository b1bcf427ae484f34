/** Leaves out of a value what its schema does not know. */
import { setOwn } from '../machinery/json.ts';
import type { Checked } from '../schema/form.ts';
import { pathText } from '../machinery/path.ts';
import {
  additionalOf,
  fieldSchema,
  hasAdditional,
  isJsonObject,
  itemsOf,
  type JsonObject,
  META_FIELDS,
  type Schema,
} from './schema.ts';

/** Enough to say what is wrong; more would only make the answer long. */
const MAX_UNKNOWN = 100;

/**
 * Shares all that stays with `value`, which is returned itself when nothing goes. At the root, what every resource has stays.
 * Paths of what goes are added to `unknown`, at most a hundred.
 */
export function pruned(
  value: JsonObject,
  schema: Schema,
  unknown: string[] = [],
  readMetadata?: ReadMetadata,
): JsonObject {
  const root = { ...schema, 'x-kubernetes-embedded-resource': true };
  return new Pruner(unknown, readMetadata).prune(value, root) as JsonObject;
}

/** What is known of the metadata of a resource, and the paths of what is not. Throws a DecodeError. */
export type ReadMetadata = (metadata: JsonObject) => Checked;

class Pruner {
  private readonly unknown: string[];
  private readonly path: (string | number)[] = [];

  private readonly readMetadata: ReadMetadata | undefined;

  constructor(unknown: string[], readMetadata: ReadMetadata | undefined) {
    this.unknown = unknown;
    this.readMetadata = readMetadata;
  }

  prune(value: unknown, schema: Schema | undefined): unknown {
    if (Array.isArray(value)) return this.pruneList(value, schema);
    if (!isJsonObject(value)) return value;
    let result = value;
    for (const [name, member] of Object.entries(value)) {
      if (schema?.['x-kubernetes-embedded-resource'] && META_FIELDS.has(name)) {
        const read = name === 'metadata' ? this.metadata(member) : member;
        if (read !== member) result = changed(result, value, name, read);
        continue;
      }
      const inner = schema && fieldSchema(schema, name);
      if (inner || (schema && keepsUnknown(schema))) {
        const kept = inner ? this.within(name, () => this.prune(member, inner)) : member;
        if (kept !== member) result = changed(result, value, name, kept);
      } else {
        this.note(name);
        result = without(result, value, name);
      }
    }
    return result;
  }

  private metadata(value: unknown): unknown {
    if (!this.readMetadata || !isJsonObject(value)) return value;
    const { object, unknown } = this.readMetadata(value);
    for (const path of unknown) this.within('metadata', () => this.note(path));
    return unknown.length > 0 ? object : value;
  }

  /** In a list of what may be anything, elements may too, beyond what their schema names. */
  private pruneList(list: readonly unknown[], schema: Schema | undefined): readonly unknown[] {
    const isOpen = schema?.['x-kubernetes-preserve-unknown-fields'] === true;
    const element = schema && itemsOf(schema);
    if (isOpen && !element) return list;
    const items: Schema | undefined = isOpen ? { ...element, 'x-kubernetes-preserve-unknown-fields': true } : element;
    let result: unknown[] | undefined;
    for (const [index, item] of list.entries()) {
      const kept = this.within(index, () => this.prune(item, items ?? {}));
      if (kept === item) continue;
      result ??= [...list];
      result[index] = kept;
    }
    return result ?? list;
  }

  private within<R>(step: string | number, work: () => R): R {
    this.path.push(step);
    const result = work();
    this.path.pop();
    return result;
  }

  private note(name: string): void {
    if (this.unknown.length < MAX_UNKNOWN) this.unknown.push(pathText([...this.path, name]));
  }
}

function keepsUnknown(schema: Schema): boolean {
  return (
    schema['x-kubernetes-preserve-unknown-fields'] === true ||
    (hasAdditional(schema) && additionalOf(schema) === undefined)
  );
}

function changed(result: JsonObject, original: JsonObject, name: string, value: unknown): JsonObject {
  const copy = result === original ? { ...original } : result;
  setOwn(copy, name, value);
  return copy;
}

function without(result: JsonObject, original: JsonObject, name: string): JsonObject {
  const copy = result === original ? { ...original } : result;
  delete copy[name];
  return copy;
}
