/**
 * Turns values that clients sent into objects: every field has its type, unknown ones are gone, quantities and times are
 * canonical, and what Go's encoder always writes is there. Fields stand in the table's order.
 *
 * Two liberties towards Go, which hold what the types in `types/` promise: where Go writes null for a list, map or time
 * without a value, a list or map is empty and an `omitempty` time is absent.
 */
import { badRequest } from '../errors.ts';
import { pathText } from '../machinery/path.ts';
import { DecodeContext, DecodeError } from './decode-context.ts';
import type { Checked, ObjectForm } from './form.ts';
import { Structs } from './structs.ts';
import { localName, packageName } from './table.ts';
import type { SchemaTable } from './table.ts';

/** What `fieldValidation` asks for. */
export type FieldValidation = 'Strict' | 'Warn' | 'Ignore';

export interface Decoded<T> {
  object: T;
  /** One a field that is unknown or given twice, such as `unknown field "spec.foo"`; empty unless asked to warn. */
  warnings: string[];
}

export type { Checked } from './form.ts';

/** A type: its name in the table, or how it is read when it is not in there. */
export type TypeForm = string | ObjectForm;

export class Codec {
  readonly #structs: Structs;

  constructor(options: { table: SchemaTable }) {
    this.#structs = new Structs(options.table);
  }

  /**
   * `duplicates` are the paths of keys that the body held twice, as the body's parser found them. The result may share
   * parts with `value`. Throws BadRequest in Kubernetes' words.
   */
  decode<T>(type: TypeForm, value: unknown, mode: FieldValidation, duplicates: readonly string[] = []): Decoded<T> {
    const { object, unknown } = this.#checkedOrBadRequest(type, value);
    const problems = mode === 'Ignore' ? [] : strictProblems(unknown, duplicates);
    if (mode === 'Strict' && problems.length > 0) {
      throw unusable(type, `strict decoding error: ${problems.join(', ')}`);
    }
    return { object: object as T, warnings: problems };
  }

  /** The same without a verdict on unknown fields. Throws {@link DecodeError} for a wrong type. */
  check(type: TypeForm, value: unknown): Checked {
    if (typeof type !== 'string') return type.check(value);
    const context = new DecodeContext();
    const shape = this.#structs.shape(type);
    if (value === null || value === undefined) return { object: shape.zero(), unknown: [] };
    const object = shape.decode(value, context);
    return { object, unknown: context.unknown.length > 1 ? asTheyCame(value, context.unknown) : context.unknown };
  }

  #checkedOrBadRequest(type: TypeForm, value: unknown): Checked {
    try {
      return this.check(type, value);
    } catch (error) {
      if (error instanceof DecodeError) throw unusable(type, error.message);
      throw error;
    }
  }
}

/** The decoder goes by the table's order; who reads the errors goes by that of the file. */
function asTheyCame(value: unknown, unknown: readonly string[]): string[] {
  const wanted = new Set(unknown);
  const found: string[] = [];
  const walk = (part: unknown, path: readonly (string | number)[]): void => {
    if (typeof part !== 'object' || part === null || found.length === wanted.size) return;
    for (const [key, item] of Object.entries(part)) {
      const here = [...path, Array.isArray(part) ? Number(key) : key];
      const text = pathText(here);
      if (wanted.has(text)) found.push(text);
      else walk(item, here);
    }
  };
  walk(value, []);
  return found;
}

function unusable(type: TypeForm, why: string): Error {
  const typeName = typeof type === 'string' ? type : type.name;
  const kind = localName(typeName);
  return badRequest(`${kind} in version "${packageName(typeName)}" cannot be handled as a ${kind}: ${why}`);
}

/** In an unknown field nothing more is looked at, so what is double in there does not count. */
export function strictProblems(unknown: readonly string[], duplicates: readonly string[]): string[] {
  const counted = duplicates.filter((path) => !unknown.some((skipped) => isWithin(path, skipped)));
  return [
    ...unknown.map((path) => `unknown field ${JSON.stringify(path)}`),
    ...counted.map((path) => `duplicate field ${JSON.stringify(path)}`),
  ];
}

function isWithin(path: string, parent: string): boolean {
  return path === parent || path.startsWith(`${parent}.`) || path.startsWith(`${parent}[`);
}
