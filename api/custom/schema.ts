/** Structural schemas: what a CustomResourceDefinition says about the values of a version. */
import { ownValue } from '../machinery/json.ts';
import type { JSONSchemaProps } from '../types/apiextensions.v1.ts';

export type Schema = JSONSchemaProps;
export type JsonObject = Record<string, unknown>;

/** Fields that every resource has, whatever its schema says. */
export const META_FIELDS: ReadonlySet<string> = new Set(['apiVersion', 'kind', 'metadata']);

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Of the elements of a list; undefined when it says nothing about them, or is no structural schema. */
export function itemsOf({ items }: Schema): Schema | undefined {
  return items === undefined || Array.isArray(items) ? undefined : items;
}

/** Of a field by name, as the schema names it. */
export function propertyOf({ properties }: Schema, name: string): Schema | undefined {
  return properties && (ownValue(properties, name) as Schema | undefined);
}

/** Of all fields that have no name in the schema. */
export function additionalOf({ additionalProperties }: Schema): Schema | undefined {
  return typeof additionalProperties === 'object' ? additionalProperties : undefined;
}

/** Whether unknown fields are at home there. */
export function hasAdditional({ additionalProperties }: Schema): boolean {
  return additionalProperties !== undefined && additionalProperties !== false;
}

export function fieldSchema(schema: Schema, name: string): Schema | undefined {
  return propertyOf(schema, name) ?? additionalOf(schema);
}

/** Every schema within this one, itself first, with its path. Junctors are part of it when asked for. */
export function* schemasIn(schema: Schema, path = ''): Generator<{ schema: Schema; path: string }> {
  yield { schema, path };
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    yield* schemasIn(property, `${path}.properties[${name}]`);
  }
  const items = itemsOf(schema);
  if (items) yield* schemasIn(items, `${path}.items`);
  const additional = additionalOf(schema);
  if (additional) yield* schemasIn(additional, `${path}.additionalProperties`);
  for (const junctor of ['allOf', 'anyOf', 'oneOf'] as const) {
    for (const [index, part] of (schema[junctor] ?? []).entries())
      yield* schemasIn(part, `${path}.${junctor}[${index}]`);
  }
  if (schema.not) yield* schemasIn(schema.not, `${path}.not`);
}
