/** The schemas of types, for OpenAPI v3 (`components.schemas`) and v2 (`definitions`). */
import { SPECIAL } from '../schema/table.ts';
import type { Field, SchemaTable, ValueType } from '../schema/table.ts';
import type { Descriptions } from './descriptions.ts';

export type Schema = { readonly [key: string]: unknown };

export interface GroupVersionKind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
}

/** What differs between the two versions of OpenAPI. */
export interface Dialect {
  /** What stands before a type's name in a reference. */
  readonly refPrefix: string;
  /** Whether a schema may be one of several. */
  readonly hasOneOf: boolean;
}

export const V3: Dialect = { refPrefix: '#/components/schemas/', hasOneOf: true };
export const V2: Dialect = { refPrefix: '#/definitions/', hasOneOf: false };

const SCALARS = {
  string: { type: 'string' },
  bytes: { type: 'string', format: 'byte' },
  bool: { type: 'boolean' },
  int32: { type: 'integer', format: 'int32' },
  int64: { type: 'integer', format: 'int64' },
  double: { type: 'number', format: 'double' },
} as const;

const ZERO = { string: '', bool: false, int32: 0, int64: 0, double: 0 } as const;

const SPECIAL_SCHEMAS = new Map<string, Schema>([
  [SPECIAL.quantity, { type: 'string' }],
  [SPECIAL.intOrString, { type: 'string', format: 'int-or-string' }],
  [SPECIAL.time, { type: 'string', format: 'date-time' }],
  [SPECIAL.microTime, { type: 'string', format: 'date-time' }],
  [SPECIAL.duration, { type: 'string' }],
  [SPECIAL.fields, { type: 'object' }],
  [SPECIAL.raw, { type: 'object' }],
  [SPECIAL.json, {}],
  [SPECIAL.schemaOrArray, {}],
  [SPECIAL.schemaOrBool, {}],
  [SPECIAL.schemaOrStrings, {}],
]);

const ONE_OF = new Map<string, Schema>([
  [SPECIAL.quantity, { oneOf: [{ type: 'string' }, { type: 'number' }] }],
  [SPECIAL.intOrString, { format: 'int-or-string', oneOf: [{ type: 'integer' }, { type: 'string' }] }],
]);

export class Schemas {
  readonly #table: SchemaTable;
  readonly #descriptions: Descriptions;
  readonly #dialect: Dialect;

  constructor(options: { table: SchemaTable; descriptions: Descriptions; dialect: Dialect }) {
    this.#table = options.table;
    this.#descriptions = options.descriptions;
    this.#dialect = options.dialect;
  }

  reference(typeName: string): Schema {
    return { $ref: `${this.#dialect.refPrefix}${typeName}` };
  }

  /** The schemas of these types and of all that they refer to, sorted by name. */
  closure(roots: Iterable<string>, kindsOf: ReadonlyMap<string, readonly GroupVersionKind[]>): Record<string, Schema> {
    const wanted = new Set(roots);
    // The set grows while it is walked, so this need not recurse.
    for (const typeName of wanted) for (const needed of this.#references(typeName)) wanted.add(needed);
    return Object.fromEntries(
      [...wanted].toSorted().map((typeName) => [typeName, this.#schema(typeName, kindsOf.get(typeName) ?? [])]),
    );
  }

  #references(typeName: string): string[] {
    if (typeName === SPECIAL.schemaOrArray || typeName === SPECIAL.schemaOrBool) return [SPECIAL.schema];
    if (SPECIAL_SCHEMAS.has(typeName)) return [];
    return this.#table.fields(typeName).flatMap((field) => referencesOf(field));
  }

  #schema(typeName: string, kinds: readonly GroupVersionKind[]): Schema {
    const { text } = this.#descriptions.of(typeName);
    const described = text === '' ? {} : { description: text };
    const special = (this.#dialect.hasOneOf ? ONE_OF.get(typeName) : undefined) ?? SPECIAL_SCHEMAS.get(typeName);
    if (special) return { ...described, ...special };
    const fields = this.#table.fields(typeName);
    const required = fields.filter(isRequired).map(({ name }) => name);
    return {
      ...described,
      type: 'object',
      ...(required.length > 0 ? { required } : {}),
      ...(fields.length > 0 ? { properties: this.#properties(typeName, fields) } : {}),
      ...(kinds.length > 0 ? { 'x-kubernetes-group-version-kind': kinds } : {}),
      ...(this.#table.isAtomic(typeName) ? { 'x-kubernetes-map-type': 'atomic' } : {}),
    };
  }

  #properties(typeName: string, fields: readonly Field[]): Record<string, Schema> {
    const descriptions = this.#descriptions.of(typeName).fields;
    return Object.fromEntries(
      fields.map((field) => {
        const description = descriptions.get(field.name) ?? this.#fallback(field);
        const described = description === undefined ? {} : { description };
        return [field.name, { ...described, ...this.#value(field, field), ...extensions(field) }];
      }),
    );
  }

  /** Models leave out what a field of a struct's type is for; the type's first sentence is the next best. */
  #fallback(field: Field): string | undefined {
    if (field.ref === undefined) return undefined;
    const { text } = this.#descriptions.of(field.ref);
    return text === '' ? undefined : (/^[^]*?\.(?=\s|$)/.exec(text)?.[0] ?? text);
  }

  /** `field` where the value is a field's own, and not an element of it. */
  #value(value: ValueType, field?: Field): Schema {
    if (value.list) return { type: 'array', items: this.#value(value.list) };
    if (value.map) return { type: 'object', additionalProperties: this.#value(value.map) };
    if (value.ref !== undefined) return this.#struct(value.ref, field);
    const type = value.type ?? 'string';
    const declared = declaredDefault(field);
    if (declared !== undefined) return { ...SCALARS[type], default: declared };
    const isAlwaysThere = !field || (field.omitempty !== true && field.pointer !== true);
    return isAlwaysThere && type !== 'bytes' ? { ...SCALARS[type], default: ZERO[type] } : SCALARS[type];
  }

  #struct(typeName: string, field?: Field): Schema {
    const isPlainStruct = field?.pointer !== true && !SPECIAL_SCHEMAS.has(typeName);
    if (!this.#dialect.hasOneOf) return { ...(isPlainStruct ? { default: {} } : {}), ...this.reference(typeName) };
    return { ...(isPlainStruct ? { default: {} } : {}), allOf: [this.reference(typeName)] };
  }
}

function referencesOf(value: ValueType): string[] {
  if (value.list) return referencesOf(value.list);
  if (value.map) return referencesOf(value.map);
  return value.ref === undefined ? [] : [value.ref];
}

function isRequired(field: Field): boolean {
  return field.required === true || (field.optional !== true && field.omitempty !== true);
}

/** Those that are declared by the name of a constant are left to the server. */
function declaredDefault(field: Field | undefined): unknown {
  const declared = field?.default;
  return typeof declared === 'string' && declared.startsWith('ref(') ? undefined : declared;
}

function extensions(field: Field): Schema {
  return {
    ...(field.listMapKeys ? { 'x-kubernetes-list-map-keys': field.listMapKeys } : {}),
    ...(field.listType ? { 'x-kubernetes-list-type': field.listType } : {}),
    ...(field.mapType ? { 'x-kubernetes-map-type': field.mapType } : {}),
    ...(field.patchMergeKey ? { 'x-kubernetes-patch-merge-key': field.patchMergeKey } : {}),
    ...(field.patchStrategy ? { 'x-kubernetes-patch-strategy': field.patchStrategy } : {}),
  };
}
