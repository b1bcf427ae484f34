/** Leaves out of a value what its schema does not know. */
import { setOwn } from '../machinery/json.ts';
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
export function pruned(value: JsonObject, schema: Schema, unknown: string[] = []): JsonObject {
  return new Pruner(unknown).prune(value, { ...schema, 'x-kubernetes-embedded-resource': true }) as JsonObject;
}

class Pruner {
  private readonly unknown: string[];
  private readonly path: (string | number)[] = [];

  constructor(unknown: string[]) {
    this.unknown = unknown;
  }

  prune(value: unknown, schema: Schema | undefined): unknown {
    if (Array.isArray(value)) return this.pruneList(value, schema && itemsOf(schema));
    if (!isJsonObject(value)) return value;
    let result = value;
    for (const [name, member] of Object.entries(value)) {
      if (schema?.['x-kubernetes-embedded-resource'] && META_FIELDS.has(name)) continue;
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

  private pruneList(list: readonly unknown[], items: Schema | undefined): readonly unknown[] {
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
