/** How structs are decoded: one compiled shape a type, made when it is first needed. */
import type { DecodeContext } from './decode-context.ts';
import { listShape, mapShape, scalarShape, schemaOr, SPECIAL_SHAPES } from './shapes.ts';
import type { Shape } from './shapes.ts';
import { goTypeOf, localName, SPECIAL } from './table.ts';
import type { Field, SchemaTable, ValueType } from './table.ts';

interface FieldPlan {
  readonly name: string;
  readonly shape: Shape;
  /** Go leaves it out when it was not given. */
  readonly omitsAbsent: boolean;
  /** Go leaves it out when it is zero. */
  readonly omitsEmpty: boolean;
}

export class Structs {
  readonly #table: SchemaTable;
  readonly #shapes = new Map<string, Shape>(SPECIAL_SHAPES);

  constructor(table: SchemaTable) {
    this.#table = table;
  }

  /** Throws for a name that is not in the table. */
  shape(typeName: string): Shape {
    const known = this.#shapes.get(typeName);
    if (known) return known;
    const made = this.#union(typeName) ?? this.#struct(typeName);
    this.#shapes.set(typeName, made);
    return made;
  }

  #union(typeName: string): Shape | undefined {
    const schema = (): Shape => this.shape(SPECIAL.schema);
    switch (typeName) {
      case SPECIAL.schemaOrArray:
        return schemaOr(schema(), () => false);
      case SPECIAL.schemaOrBool:
        return schemaOr(schema(), (value) => typeof value === 'boolean');
      case SPECIAL.schemaOrStrings:
        return schemaOr(schema(), isStrings);
      default:
        return undefined;
    }
  }

  /** Types refer to themselves, so the plan is made at the first use and not before the shape is known. */
  #struct(typeName: string): Shape {
    const fields = this.#table.fields(typeName);
    const names = new Set(fields.map(({ name }) => name));
    const goName = localName(typeName);
    const goType = goTypeOf({ ref: typeName });
    let plans: FieldPlan[] | undefined;
    const planned = (): FieldPlan[] => (plans ??= fields.map((field) => this.#plan(field)));
    return {
      decode(value, context) {
        if (typeof value !== 'object' || Array.isArray(value)) throw context.mismatch(value, goType);
        return decodeStruct(value as Record<string, unknown>, planned(), names, goName, context);
      },
      zero: () => zeroStruct(planned()),
      isEmpty: () => false,
    };
  }

  #plan(field: Field): FieldPlan {
    const shape = this.#valueShape(field);
    const isPointer = field.pointer === true;
    const omitsEmpty = field.omitempty === true && !isPointer;
    return {
      name: field.name,
      shape,
      // An empty list of managed fields is no absent one: it takes them from their managers.
      omitsEmpty: omitsEmpty && field.name !== 'managedFields',
      omitsAbsent: isPointer || (omitsEmpty && shape.isEmpty(shape.zero())),
    };
  }

  #valueShape(value: ValueType): Shape {
    if (value.list) return listShape(this.#valueShape(value.list), goTypeOf(value));
    if (value.map) return mapShape(this.#valueShape(value.map), goTypeOf(value));
    if (value.ref !== undefined) return this.shape(value.ref);
    return scalarShape(value.type ?? 'string', goTypeOf(value));
  }
}

function isStrings(value: unknown): boolean {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}

function decodeStruct(
  input: Record<string, unknown>,
  plans: readonly FieldPlan[],
  names: ReadonlySet<string>,
  goName: string,
  context: DecodeContext,
): Record<string, unknown> {
  const output: Record<string, unknown> = {};
  let known = 0;
  context.enter(goName);
  const { path, depth } = context;
  for (const { name, shape, omitsAbsent, omitsEmpty } of plans) {
    const raw = input[name];
    if (raw !== undefined) known += 1;
    if (raw === undefined || raw === null) {
      if (!omitsAbsent) output[name] = shape.zero();
      continue;
    }
    path[depth - 1] = name;
    const value = shape.decode(raw, context);
    if (!omitsEmpty || !shape.isEmpty(value)) output[name] = value;
  }
  const keys = Object.keys(input);
  if (keys.length !== known) noteUnknown(keys, names, context);
  context.depth -= 1;
  return output;
}

function noteUnknown(keys: readonly string[], names: ReadonlySet<string>, context: DecodeContext): void {
  for (const key of keys) if (!names.has(key)) context.addUnknown(key);
}

/** What Go writes for the struct that nobody filled in. It ends: a type contains itself only through a pointer. */
function zeroStruct(plans: readonly FieldPlan[]): Record<string, unknown> {
  const output: Record<string, unknown> = {};
  for (const { name, shape, omitsAbsent } of plans) if (!omitsAbsent) output[name] = shape.zero();
  return output;
}
