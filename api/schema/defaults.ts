/** Defaults that the types themselves declare, such as `protocol: TCP`; what depends on other fields is the strategies'. */
import { SPECIAL } from './table.ts';
import type { Field, SchemaTable, ValueType } from './table.ts';

type Apply = (object: Record<string, unknown>) => void;

const SPECIAL_NAMES: ReadonlySet<string> = new Set(Object.values(SPECIAL));

export class SchemaDefaults {
  readonly #table: SchemaTable;
  /** Undefined for a type with no default anywhere in it. */
  readonly #appliers = new Map<string, Apply | undefined>();

  constructor(options: { table: SchemaTable }) {
    this.#table = options.table;
  }

  /** Fills in, in place, what a decoded object of this type was not given. */
  apply(typeName: string, object: object): void {
    this.#applier(typeName)?.(object as Record<string, unknown>);
  }

  #applier(typeName: string): Apply | undefined {
    if (this.#appliers.has(typeName)) return this.#appliers.get(typeName);
    // Reached again while it is being made: a type within itself. None of those declares a default.
    this.#appliers.set(typeName, undefined);
    const steps = this.#table.fields(typeName).flatMap((field) => this.#steps(field));
    const applier: Apply | undefined =
      steps.length === 0
        ? undefined
        : (object) => {
            for (const step of steps) step(object);
          };
    this.#appliers.set(typeName, applier);
    return applier;
  }

  #steps(field: Field): Apply[] {
    const steps: Apply[] = [];
    const { name } = field;
    const wanted = defaultOf(field, this.#table);
    if (wanted !== undefined) {
      steps.push((object) => {
        object[name] ??= wanted;
      });
    }
    const within = this.#within(field);
    if (within) {
      steps.push((object) => {
        const value = object[name];
        if (typeof value === 'object' && value !== null) within(value as Record<string, unknown>);
      });
    }
    return steps;
  }

  #within(value: ValueType): Apply | undefined {
    const element = value.list ?? value.map;
    if (element) {
      const each = this.#within(element);
      return each && ((items) => Object.values(items).forEach((item) => each(item as Record<string, unknown>)));
    }
    if (value.ref === undefined || SPECIAL_NAMES.has(value.ref)) return undefined;
    return this.#applier(value.ref);
  }
}

/** A zero value that `omitempty` leaves out again is no default worth setting. */
function defaultOf(field: Field, table: SchemaTable): unknown {
  const declared = constantOf(field, table);
  const isZero = declared === '' || declared === 0 || declared === false;
  return isZero && !field.pointer ? undefined : declared;
}

/** Some are declared by the name of a Go constant, as `ref(AzureSharedBlobDisk)`, which holds its value's name. */
function constantOf({ default: declared, enum: enumName }: Field, table: SchemaTable): unknown {
  const constant = typeof declared === 'string' ? /^ref\((\w+)\)$/.exec(declared)?.[1] : undefined;
  if (constant === undefined) return declared;
  return table
    .constants(enumName ?? '')
    .filter((value) => constant.includes(value))
    .toSorted((a, b) => b.length - a.length)[0];
}
