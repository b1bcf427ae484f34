/** The types of expressions made from an OpenAPI schema, as Kubernetes makes them for custom resources. */
import { escape } from './escape.ts';
import {
  BOOL,
  BYTES,
  type CelType,
  DOUBLE,
  DURATION,
  DYN,
  type Field,
  INT,
  type ListType,
  mapOf,
  objectOf,
  type ObjectType,
  STRING,
  TIMESTAMP,
} from './types.ts';

/** The keywords that matter here; a JSONSchemaProps has them all. */
export interface TypeSchema {
  readonly type?: string;
  readonly format?: string;
  readonly properties?: Readonly<Record<string, TypeSchema>>;
  readonly additionalProperties?: TypeSchema | boolean;
  readonly items?: TypeSchema;
  readonly maxItems?: number;
  readonly maxProperties?: number;
  readonly maxLength?: number;
  readonly enum?: readonly unknown[];
  readonly 'x-kubernetes-int-or-string'?: boolean;
  readonly 'x-kubernetes-embedded-resource'?: boolean;
  readonly 'x-kubernetes-preserve-unknown-fields'?: boolean;
  readonly 'x-kubernetes-list-type'?: string;
  readonly 'x-kubernetes-list-map-keys'?: readonly string[];
}

const OBJECT_META = objectOf('ObjectMeta', { name: STRING, generateName: STRING });

/**
 * What expressions see of a value of the schema; undefined for what they can't reach: a property whose schema says
 * nothing of its type. `isRoot`: the object as a whole, whose `apiVersion`, `kind` and `metadata.name` are always known.
 */
export function schemaType(schema: TypeSchema, name = 'object', isRoot = false): CelType | undefined {
  if (schema['x-kubernetes-int-or-string']) return DYN;
  switch (schema.type) {
    case 'array':
      return listType(schema, name);
    case 'object':
      return recordType(schema, name, isRoot || schema['x-kubernetes-embedded-resource'] === true);
    case 'string':
      return stringType(schema);
    case 'boolean':
      return BOOL;
    case 'number':
      return DOUBLE;
    case 'integer':
      return INT;
    default:
      return schema['x-kubernetes-preserve-unknown-fields'] ? DYN : undefined;
  }
}

function listType(schema: TypeSchema, name: string): CelType | undefined {
  const element = schema.items && schemaType(schema.items, `${name}.@idx`);
  if (!element) return undefined;
  const keys = schema['x-kubernetes-list-map-keys'];
  const kind = schema['x-kubernetes-list-type'];
  const identity: ListType['identity'] = kind === 'set' ? 'set' : kind === 'map' ? keys : undefined;
  return {
    kind: 'list',
    element,
    ...(identity ? { identity } : {}),
    ...(schema.maxItems === undefined ? {} : { maxSize: schema.maxItems }),
  };
}

function recordType(schema: TypeSchema, name: string, isResource: boolean): CelType | undefined {
  const { additionalProperties, maxProperties } = schema;
  if (typeof additionalProperties === 'object' && additionalProperties !== null) {
    const value = schemaType(additionalProperties, `${name}.@elem`);
    if (!value) return undefined;
    return { ...mapOf(STRING, value), ...(maxProperties === undefined ? {} : { maxSize: maxProperties }) };
  }
  if (!schema.properties && !isResource && schema['x-kubernetes-preserve-unknown-fields']) return DYN;
  return new SchemaObject(schema, name, isResource);
}

class SchemaObject implements ObjectType {
  readonly kind = 'object';
  readonly name: string;
  readonly #fields = new Map<string, Field>();

  constructor(schema: TypeSchema, name: string, isResource: boolean) {
    this.name = name;
    if (isResource) {
      this.#fields.set('apiVersion', { type: STRING, property: 'apiVersion' });
      this.#fields.set('kind', { type: STRING, property: 'kind' });
      this.#fields.set('metadata', { type: OBJECT_META, property: 'metadata' });
    }
    for (const [property, inner] of Object.entries(schema.properties ?? {})) {
      const field = escape(property);
      if (field === undefined || (isResource && this.#fields.has(field))) continue;
      const type = schemaType(inner, `${name}.${property}`);
      if (type) this.#fields.set(field, { type, property });
    }
  }

  field(name: string): Field | undefined {
    return this.#fields.get(name);
  }

  fieldNames(): Iterable<string> {
    return this.#fields.keys();
  }
}

function stringType({ format, maxLength, enum: choices }: TypeSchema): CelType {
  switch (format) {
    case 'byte':
      return sized(BYTES, maxLength);
    case 'duration':
      return DURATION;
    case 'date':
    case 'date-time':
      return TIMESTAMP;
    default:
      break;
  }
  if (!choices) return sized(STRING, maxLength);
  return sized(STRING, Math.max(0, ...choices.map((choice) => String(choice).length)));
}

function sized(type: CelType, maxSize: number | undefined): CelType {
  return maxSize === undefined ? type : ({ ...type, maxSize } as CelType);
}
