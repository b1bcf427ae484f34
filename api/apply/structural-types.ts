/** The types of custom resources as server-side apply sees them, read from their structural schemas. */
import type { JSONSchemaProps } from '../types/apiextensions.v1.ts';
import { DEDUCED, WHOLE, type FieldType, type GranularType, type KeyedListType } from './field-type.ts';

/** `metadata` is the type of the metadata of objects, the embedded ones included. */
export function structuralType(schema: JSONSchemaProps, metadata: FieldType): GranularType {
  return objectType(schema, metadata, true);
}

function typeOf(schema: JSONSchemaProps, metadata: FieldType): FieldType {
  if (schema['x-kubernetes-int-or-string']) return WHOLE;
  switch (schema.type) {
    case 'object':
      if (schema['x-kubernetes-map-type'] === 'atomic') return WHOLE;
      return objectType(schema, metadata, schema['x-kubernetes-embedded-resource'] === true);
    case 'array':
      return listType(schema, metadata);
    case undefined:
    case '':
      return schema['x-kubernetes-preserve-unknown-fields'] ? DEDUCED : WHOLE;
    default:
      return WHOLE;
  }
}

function objectType(schema: JSONSchemaProps, metadata: FieldType, isResource: boolean): GranularType {
  const { properties = {}, additionalProperties } = schema;
  const fields = new Map(Object.entries(properties).map(([name, property]) => [name, typeOf(property, metadata)]));
  if (isResource) fields.set('apiVersion', WHOLE).set('kind', WHOLE).set('metadata', metadata);
  const isOpen = schema['x-kubernetes-preserve-unknown-fields'] === true || additionalProperties === true;
  const entries = typeof additionalProperties === 'object' ? typeOf(additionalProperties, metadata) : undefined;
  return { shape: 'granular', fields, entries: entries ?? (isOpen ? DEDUCED : undefined) };
}

function listType(schema: JSONSchemaProps, metadata: FieldType): FieldType {
  const { items } = schema;
  const keys = schema['x-kubernetes-list-map-keys'] ?? [];
  switch (schema['x-kubernetes-list-type']) {
    case 'set':
      return { shape: 'set' };
    case 'map':
      return items === undefined || Array.isArray(items) ? WHOLE : keyedList(items, keys, metadata);
    default:
      return WHOLE;
  }
}

function keyedList(items: JSONSchemaProps, keys: readonly string[], metadata: FieldType): KeyedListType {
  const defaults = Object.entries(items.properties ?? {}).filter(
    ([name, property]) => keys.includes(name) && property.default !== undefined,
  );
  return {
    shape: 'keyed',
    keys: keys.toSorted(),
    defaults: Object.fromEntries(defaults.map(([name, property]) => [name, property.default])),
    element: typeOf(items, metadata),
  };
}
