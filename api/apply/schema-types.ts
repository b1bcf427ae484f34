/** The built-in types as server-side apply sees them, read from the schema table. */
import { badRequest } from '../errors.ts';
import type { KubeObject } from '../object.ts';
import { apiVersionOf, type Kind } from '../kinds/kind.ts';
import type { JSONSchemaProps } from '../types/apiextensions.v1.ts';
import type { Codec, TypeForm } from '../schema/codec.ts';
import { DecodeError } from '../schema/decode-context.ts';
import { OBJECT_META, SPECIAL } from '../schema/table.ts';
import type { Field, SchemaTable, ValueType } from '../schema/table.ts';
import {
  DEDUCED,
  WHOLE,
  type FieldType,
  type GranularType,
  type KeyedListType,
  type TypeSource,
} from './field-type.ts';
import { structuralType } from './structural-types.ts';

/** Their form is not known, so their parts are told apart as they come. */
const FREE_FORM: ReadonlySet<string> = new Set([
  SPECIAL.raw,
  SPECIAL.json,
  SPECIAL.schemaOrArray,
  SPECIAL.schemaOrBool,
  SPECIAL.schemaOrStrings,
]);

const OTHER_SPECIAL: ReadonlySet<string> = new Set([
  SPECIAL.quantity,
  SPECIAL.intOrString,
  SPECIAL.time,
  SPECIAL.microTime,
  SPECIAL.duration,
  SPECIAL.fields,
]);

const ANYTHING: JSONSchemaProps = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };

/** Where the types of kinds come from. */
export interface TypeSources {
  of(kind: Kind): TypeSource;
}

export class SchemaTypes implements TypeSources {
  readonly #table: SchemaTable;
  readonly #codec: Codec;
  readonly #structs = new Map<string, FieldType>();

  constructor(options: { table: SchemaTable; codec: Codec }) {
    this.#table = options.table;
    this.#codec = options.codec;
  }

  of(kind: Kind): TypeSource {
    const apiVersion = apiVersionOf(kind);
    const form = kind.form ?? kind.schema;
    const type = kind.form ? this.#custom(kind) : this.type(kind.schema);
    return {
      // Versions of one kind say nearly all of what they say at the same paths, so an entry of another one is read as of this.
      typeOf: (version) => (groupOf(version) === kind.group ? type : undefined),
      empty: () => this.#decode(form, { apiVersion, kind: kind.kind, metadata: {} }),
      decode: (object) => this.#decode(form, object),
    };
  }

  /** Where a custom resource says nothing about its form, that is worked out from each object. */
  #custom({ published = ANYTHING }: Kind): FieldType {
    return structuralType(published, this.type(OBJECT_META));
  }

  /** Of a type in the table; compiled when it is first asked for. */
  type(typeName: string): FieldType {
    const known = this.#structs.get(typeName);
    if (known) return known;
    if (this.#table.isAtomic(typeName)) return this.#keep(typeName, WHOLE);
    const fields = new Map<string, FieldType>();
    // Before its fields: types contain themselves.
    const type: GranularType = { shape: 'granular', fields, entries: undefined };
    this.#keep(typeName, type);
    for (const field of this.#table.fields(typeName)) fields.set(field.name, this.#fieldType(field));
    return type;
  }

  #keep(typeName: string, type: FieldType): FieldType {
    this.#structs.set(typeName, type);
    return type;
  }

  #fieldType(field: Field): FieldType {
    if (field.list && field.listType === 'map') return this.#keyedList(field.list, field.listMapKeys ?? []);
    if (field.list && field.listType === 'set') return { shape: 'set' };
    return field.mapType === 'atomic' ? WHOLE : this.#valueType(field);
  }

  #valueType(value: ValueType): FieldType {
    if (value.map) return { shape: 'granular', fields: new Map(), entries: this.#valueType(value.map) };
    const { ref } = value;
    if (ref === undefined || OTHER_SPECIAL.has(ref)) return WHOLE;
    return FREE_FORM.has(ref) ? DEDUCED : this.type(ref);
  }

  #keyedList(element: ValueType, keys: readonly string[]): KeyedListType {
    const fields = element.ref === undefined ? [] : this.#table.fields(element.ref);
    const defaults = fields.filter((field) => keys.includes(field.name) && field.default !== undefined);
    return {
      shape: 'keyed',
      keys: keys.toSorted(),
      defaults: Object.fromEntries(defaults.map((field) => [field.name, field.default])),
      element: this.#valueType(element),
    };
  }

  #decode(form: TypeForm, object: object): KubeObject {
    try {
      return this.#codec.check(form, object).object as KubeObject;
    } catch (error) {
      if (error instanceof DecodeError) throw badRequest(`failed to create typed patch object: ${error.message}`);
      throw error;
    }
  }
}

/** '' for the core group. */
function groupOf(apiVersion: string): string {
  const slash = apiVersion.indexOf('/');
  return slash < 0 ? '' : apiVersion.slice(0, slash);
}
