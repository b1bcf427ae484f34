/** What the schema table says about patching a type. */
import { SPECIAL } from '../schema/table.ts';
import type { Field, SchemaTable } from '../schema/table.ts';

export interface PatchField {
  /** Lists: element by element; structs: always unless they replace. */
  readonly merges: boolean;
  readonly replaces: boolean;
  readonly mergeKey: string | undefined;
  /** The type of the struct, or of the list's elements; undefined for what has no fields known here. */
  readonly typeName: string | undefined;
}

const SPECIAL_NAMES: ReadonlySet<string> = new Set(Object.values(SPECIAL));
const UNTYPED: PatchField = { merges: false, replaces: false, mergeKey: undefined, typeName: undefined };

export class PatchSchema {
  readonly #table: SchemaTable;
  readonly #types = new Map<string, ReadonlyMap<string, PatchField>>();

  constructor(table: SchemaTable) {
    this.#table = table;
  }

  /** Undefined when the type has no such field. Where no type is known, every name is a field without rules. */
  field(typeName: string | undefined, name: string): PatchField | undefined {
    if (typeName === undefined) return UNTYPED;
    return this.#fields(typeName).get(name);
  }

  #fields(typeName: string): ReadonlyMap<string, PatchField> {
    const known = this.#types.get(typeName);
    if (known) return known;
    const fields = new Map(this.#table.fields(typeName).map((field) => [field.name, patchField(field)]));
    this.#types.set(typeName, fields);
    return fields;
  }
}

function patchField(field: Field): PatchField {
  const strategies = field.patchStrategy?.split(',') ?? [];
  const typeName = field.ref ?? field.list?.ref;
  return {
    merges: strategies.includes('merge'),
    replaces: strategies.includes('replace'),
    mergeKey: field.patchMergeKey,
    typeName: typeName === undefined || SPECIAL_NAMES.has(typeName) ? undefined : typeName,
  };
}
