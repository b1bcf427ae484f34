/** What OpenAPI says about custom resources: their own schema, and what every resource has. */
import { META_FIELDS, type Schema as Structural } from '../custom/schema.ts';
import type { Kind } from '../kinds.ts';
import { OBJECT_META } from '../schema/table.ts';
import type { Descriptions } from './descriptions.ts';
import type { Dialect, Schema } from './schemas.ts';

/** Any documented kind will do: what all have in common is described alike in all. */
const DOCUMENTED = 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinition';
const LIST_META = 'io.k8s.apimachinery.pkg.apis.meta.v1.ListMeta';
const PRESERVES = 'x-kubernetes-preserve-unknown-fields';
/** Rules are checked by the server alone, and examples are no rules. */
const LEFT_OUT: ReadonlySet<string> = new Set(['example', 'externalDocs', '$schema', 'id']);
/** What Swagger 2 has no words for, or other ones. */
const NOT_IN_V2: ReadonlySet<string> = new Set(['oneOf', 'anyOf', 'allOf', 'not', 'nullable', 'default']);

export interface CustomSchemas {
  /** By type name. */
  readonly schemas: ReadonlyMap<string, Schema>;
  /** Types of the table that they refer to. */
  readonly references: readonly string[];
}

/** What every resource has, as it is written in a dialect. */
interface Writing extends Dialect {
  readonly common: { readonly apiVersion: Schema; readonly kind: Schema; readonly metadata: Schema };
}

/** Of the kinds that bring their schema with them; the others are left out. */
export function customSchemas(
  kinds: readonly Kind[],
  { dialect, descriptions }: { dialect: Dialect; descriptions: Descriptions },
): CustomSchemas {
  const schemas = new Map<string, Schema>();
  const writing = { ...dialect, common: commonProperties(dialect, descriptions) };
  for (const kind of kinds) {
    if (!kind.published) continue;
    schemas.set(kind.schema, objectSchema(kind, kind.published, writing));
    schemas.set(`${kind.schema}List`, listSchema(kind, writing));
  }
  return { schemas, references: schemas.size > 0 ? [OBJECT_META, LIST_META] : [] };
}

function objectSchema(kind: Kind, published: Structural, writing: Writing): Schema {
  const type = gvk(kind, kind.kind);
  if (!writing.hasOneOf && published[PRESERVES]) return { type: 'object', ...type };
  const shown = translated(published, writing) as { properties?: Schema };
  return { ...shown, properties: { ...shown.properties, ...writing.common }, ...type };
}

function listSchema(kind: Kind, writing: Writing): Schema {
  const { apiVersion, kind: type } = writing.common;
  const items = {
    description: `List of ${kind.plural}. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md`,
    type: 'array',
    items: reference(kind.schema, writing),
  };
  const metadata = described(reference(LIST_META, writing), 'What all lists have.', writing);
  return {
    description: `${kind.listKind} is a list of ${kind.kind}`,
    type: 'object',
    required: ['items'],
    properties: { apiVersion, items, kind: type, metadata },
    ...gvk(kind, kind.listKind),
  };
}

function gvk({ group, version }: Kind, kind: string): Schema {
  return { 'x-kubernetes-group-version-kind': [{ group, version, kind }] };
}

function commonProperties(dialect: Dialect, descriptions: Descriptions): Writing['common'] {
  const { fields } = descriptions.of(DOCUMENTED);
  return {
    apiVersion: { type: 'string', description: fields.get('apiVersion') },
    kind: { type: 'string', description: fields.get('kind') },
    metadata: described(reference(OBJECT_META, dialect), "Standard object's metadata.", dialect),
  };
}

function reference(typeName: string, { refPrefix }: Dialect): Schema {
  return { $ref: `${refPrefix}${typeName}` };
}

function described(schema: Schema, description: string, { hasOneOf }: Dialect): Schema {
  // Beside a reference nothing else counts, so in version 3 it stands within `allOf`.
  return { description, ...(hasOneOf ? { allOf: [schema] } : schema) };
}

function translated(schema: Structural, writing: Writing): Schema {
  const result: Record<string, unknown> = {};
  const isV2 = !writing.hasOneOf;
  const isOpen =
    isV2 && (schema.nullable === true || schema[PRESERVES] === true || schema['x-kubernetes-int-or-string'] === true);
  for (const [keyword, value] of Object.entries(schema)) {
    if (LEFT_OUT.has(keyword) || (isV2 && NOT_IN_V2.has(keyword))) continue;
    if (isOpen && (keyword === 'type' || keyword === 'items' || keyword === 'properties')) continue;
    result[keyword] = inner(keyword, value, writing);
  }
  if (schema['x-kubernetes-embedded-resource'] && result['properties']) {
    result['properties'] = { ...(result['properties'] as object), ...embedded(schema, writing) };
  }
  return result;
}

function embedded({ properties = {} }: Structural, writing: Writing): Schema {
  const own = Object.entries(writing.common);
  return Object.fromEntries(
    own.filter(([name]) => META_FIELDS.has(name) && (name === 'metadata' || !properties[name])),
  );
}

function inner(keyword: string, value: unknown, writing: Writing): unknown {
  switch (keyword) {
    case 'properties':
      return Object.fromEntries(
        Object.entries(value as Record<string, Structural>).map(([name, property]) => [
          name,
          translated(property, writing),
        ]),
      );
    case 'items':
    case 'not':
      return translated(value as Structural, writing);
    case 'additionalProperties':
      return typeof value === 'object' ? translated(value as Structural, writing) : value;
    case 'allOf':
    case 'anyOf':
    case 'oneOf':
      return (value as Structural[]).map((part) => translated(part, writing));
    default:
      return value;
  }
}
