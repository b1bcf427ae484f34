/**
 * The table of all types (`kubernetes-v1.35.json`), the one source of what decoding, defaulting, patching and the
 * OpenAPI documents know about them.
 */
import { readFileSync } from 'node:fs';

export type Scalar = 'string' | 'bytes' | 'bool' | 'int32' | 'int64' | 'double';

/** Exactly one of `type`, `ref`, `list` and `map` is set. */
export interface ValueType {
  readonly type?: Scalar;
  /** A type's name in the table, or one of the {@link SPECIAL} names. */
  readonly ref?: string;
  /** The name of a string type, for its constants and its name in messages. */
  readonly enum?: string;
  readonly list?: ValueType;
  /** Keys are text. */
  readonly map?: ValueType;
  /** In protobuf the list is a message of its own. */
  readonly wrapped?: boolean;
}

export interface Field extends ValueType {
  readonly name: string;
  readonly pointer?: boolean;
  readonly optional?: boolean;
  readonly required?: boolean;
  readonly omitempty?: boolean;
  readonly default?: unknown;
  /** Of a map or list type with a name of its own. */
  readonly alias?: string;
  /** The protobuf field number; absent for what protobuf does not carry. */
  readonly pb?: number;
  readonly patchStrategy?: string;
  readonly patchMergeKey?: string;
  readonly listType?: 'atomic' | 'set' | 'map';
  readonly listMapKeys?: readonly string[];
  readonly mapType?: 'atomic' | 'granular';
}

/** Its fields stand beside the others in JSON, but are a message of their own in protobuf. */
export interface InlineField extends ValueType {
  readonly inline: true;
  /** Absent for what protobuf does not carry. */
  readonly pb?: number;
}

interface TypeRow {
  readonly fields: readonly (Field | InlineField)[];
  readonly structType?: 'atomic';
  readonly scope?: 'Cluster' | 'Namespaced';
}

const META = 'io.k8s.apimachinery.pkg.apis.meta.v1';
const EXTENSIONS = 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1';

/** Types with an encoding of their own. */
export const SPECIAL = {
  quantity: 'io.k8s.apimachinery.pkg.api.resource.Quantity',
  intOrString: 'io.k8s.apimachinery.pkg.util.intstr.IntOrString',
  time: `${META}.Time`,
  microTime: `${META}.MicroTime`,
  duration: `${META}.Duration`,
  fields: `${META}.FieldsV1`,
  raw: 'io.k8s.apimachinery.pkg.runtime.RawExtension',
  json: `${EXTENSIONS}.JSON`,
  schema: `${EXTENSIONS}.JSONSchemaProps`,
  schemaOrArray: `${EXTENSIONS}.JSONSchemaPropsOrArray`,
  schemaOrBool: `${EXTENSIONS}.JSONSchemaPropsOrBool`,
  schemaOrStrings: `${EXTENSIONS}.JSONSchemaPropsOrStringArray`,
} as const;

export const OBJECT_META = `${META}.ObjectMeta`;

export interface SchemaTable {
  has(typeName: string): boolean;
  /** What JSON has: the fields of inlined types stand in their place. Throws for a name that is not in the table. */
  fields(typeName: string): readonly Field[];
  /** The same, inlined types standing for themselves: what protobuf has. */
  members(typeName: string): readonly (Field | InlineField)[];
  /** Whether server-side apply owns it as a whole. */
  isAtomic(typeName: string): boolean;
  /** The known constants of a string type, sorted; empty for an unknown name. */
  constants(enumName: string): readonly string[];
  typeNames(): Iterable<string>;
}

interface TableFile {
  readonly constants: Readonly<Record<string, readonly string[]>>;
  readonly types: Readonly<Record<string, TypeRow>>;
}

/** Reads and parses the file; call it once, where the program is put together. */
export function loadSchemaTable(): SchemaTable {
  const text = readFileSync(new URL('kubernetes-v1.35.json', import.meta.url), 'utf8');
  return tableOf(JSON.parse(text) as TableFile);
}

export function tableOf({ types, constants }: TableFile): SchemaTable {
  const rows = new Map(Object.entries(types));
  const flattened = new Map<string, readonly Field[]>();

  function rowOf(typeName: string): TypeRow {
    const row = rows.get(typeName);
    if (!row) throw new Error(`the schema table has no type ${typeName}`);
    return row;
  }

  function fieldsOf(typeName: string): readonly Field[] {
    const known = flattened.get(typeName);
    if (known) return known;
    const fields = rowOf(typeName).fields.flatMap((field) => {
      if (!('inline' in field)) return [field];
      return field.ref === undefined ? [] : fieldsOf(field.ref);
    });
    flattened.set(typeName, fields);
    return fields;
  }

  return {
    has: (typeName) => rows.has(typeName),
    fields: fieldsOf,
    members: (typeName) => rowOf(typeName).fields,
    isAtomic: (typeName) => rows.get(typeName)?.structType === 'atomic',
    constants: (enumName) => (Object.hasOwn(constants, enumName) ? (constants[enumName] ?? []) : []),
    typeNames: () => rows.keys(),
  };
}

/** `Deployment` of `io.k8s.api.apps.v1.Deployment`. */
export function localName(typeName: string): string {
  return typeName.slice(typeName.lastIndexOf('.') + 1);
}

/** `v1` of `io.k8s.api.apps.v1.Deployment`. */
export function packageName(typeName: string): string {
  const parts = typeName.split('.');
  return parts[parts.length - 2] ?? '';
}

const GO_SCALARS: Record<Scalar, string> = {
  string: 'string',
  bytes: '[]uint8',
  bool: 'bool',
  int32: 'int32',
  int64: 'int64',
  double: 'float64',
};

/** The type as error messages name it: `int32`, `v1.ObjectMeta`, `[]v1.Container`, `map[string]string`. */
export function goTypeOf(value: ValueType & { readonly alias?: string }): string {
  const named = value.alias ?? value.enum ?? value.ref;
  if (named !== undefined) return `${packageName(named)}.${localName(named)}`;
  if (value.list) return `[]${goTypeOf(value.list)}`;
  if (value.map) return `map[string]${goTypeOf(value.map)}`;
  return GO_SCALARS[value.type ?? 'string'];
}
