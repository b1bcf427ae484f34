/** OpenAPI v3 for a server that has only v2: the same in other words, as far as version 2 tells. */
import { type OpenApiPart, withReferences } from './merge-v2.ts';

type Json = Readonly<Record<string, unknown>>;

const METHODS: ReadonlySet<string> = new Set(['get', 'put', 'post', 'delete', 'options', 'head', 'patch']);
/** What stands in the schema of a parameter, in version 3. */
const OF_THE_SCHEMA: ReadonlySet<string> = new Set([
  'type',
  'format',
  'items',
  'enum',
  'default',
  'uniqueItems',
  'minimum',
  'maximum',
  'pattern',
]);
const JSON_TYPE = 'application/json';

/** A whole document of one version of one group. */
export function openApiV3From({ paths, definitions }: OpenApiPart): object {
  const rename = (reference: string): string => reference.replace(/^#\/definitions\//, '#/components/schemas/');
  return {
    openapi: '3.0.0',
    info: { title: 'Kubernetes', version: 'unversioned' },
    paths: fromEntries([...paths], (item) => pathItem(withReferences(item, rename) as Json)),
    components: { schemas: fromEntries([...definitions], (schema) => withReferences(schema, rename)) },
  };
}

function pathItem(item: Json): Json {
  return fromEntries(Object.entries(item), (value, name) => {
    if (METHODS.has(name)) return operation(value as Json);
    return name === 'parameters' ? (value as Json[]).map(parameter) : value;
  });
}

function operation({ consumes, produces, parameters = [], responses = {}, schemes: _schemes, ...rest }: Json): Json {
  const all = parameters as readonly Json[];
  const body = all.find((each) => each['in'] === 'body');
  return {
    ...rest,
    parameters: all.filter((each) => each !== body).map(parameter),
    ...(body ? { requestBody: requestBody(body, typesOf(consumes)) } : {}),
    responses: fromEntries(Object.entries(responses as Json), (value) => response(value as Json, typesOf(produces))),
  };
}

function parameter(value: Json): Json {
  const [schema, rest] = [true, false].map((isSchema) =>
    Object.fromEntries(Object.entries(value).filter(([name]) => OF_THE_SCHEMA.has(name) === isSchema)),
  );
  return { ...rest, schema };
}

function requestBody({ required, description, schema }: Json, types: readonly string[]): Json {
  return {
    ...(description === undefined ? {} : { description }),
    content: contentOf(schema, types),
    ...(required === true ? { required } : {}),
  };
}

function response({ schema, ...rest }: Json, types: readonly string[]): Json {
  return schema === undefined ? rest : { ...rest, content: contentOf(schema, types) };
}

function contentOf(schema: unknown, types: readonly string[]): Json {
  return Object.fromEntries(types.map((type) => [type, { schema }]));
}

function typesOf(value: unknown): readonly string[] {
  return Array.isArray(value) && value.length > 0 ? (value as string[]) : [JSON_TYPE];
}

function fromEntries(entries: readonly [string, unknown][], change: (value: unknown, name: string) => unknown): Json {
  return Object.fromEntries(entries.map(([name, value]) => [name, change(value, name)]));
}
