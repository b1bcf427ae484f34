/** `/openapi/v3`: an index, and one document a group and version, each made when it is first asked for. */
import { createHash } from 'node:crypto';
import { subresourcesOf } from '../kinds.ts';
import type { Kind } from '../kinds.ts';
import type { SchemaTable } from '../schema/table.ts';
import type { Descriptions } from './descriptions.ts';
import { customSchemas } from './custom.ts';
import { Operations } from './operations.ts';
import { isConnection, KindPaths, listType, rootPath } from './paths.ts';
import type { PathItem } from './paths.ts';
import { Schemas, V3 } from './schemas.ts';
import type { Dialect, GroupVersionKind, Schema } from './schemas.ts';

const VERSION = 'v1.35.0';

export interface OpenApiDocument {
  /** JSON. */
  readonly bytes: Buffer;
  /** Of the content; also its ETag. */
  readonly hash: string;
}

export interface OpenApiOptions {
  readonly table: SchemaTable;
  readonly descriptions: Descriptions;
  readonly kinds: Iterable<Kind>;
}

export class OpenApiV3 {
  readonly #options: OpenApiOptions;
  /** By path below `/openapi/v3/`, such as `api/v1`. */
  #groups: ReadonlyMap<string, readonly Kind[]>;
  readonly #documents = new Map<string, OpenApiDocument>();

  constructor(options: OpenApiOptions) {
    this.#options = options;
    this.#groups = groupsOf(options.kinds);
  }

  /** From now on these are served. What was made of groups that are still the same is kept. */
  replace(kinds: Iterable<Kind>): void {
    const before = this.#groups;
    this.#groups = groupsOf(kinds);
    for (const path of this.#documents.keys()) {
      const now = this.#groups.get(path) ?? [];
      const was = before.get(path) ?? [];
      if (now.length !== was.length || now.some((kind, at) => kind !== was[at])) this.#documents.delete(path);
    }
  }

  index(): { paths: Record<string, { serverRelativeURL: string }> } {
    const entries = [...this.#groups.keys()].map((path): [string, { serverRelativeURL: string }] => [
      path,
      { serverRelativeURL: `/openapi/v3/${path}?hash=${this.document(path)?.hash ?? ''}` },
    ]);
    return { paths: Object.fromEntries(entries) };
  }

  /** `path` is such as `apis/apps/v1`; undefined for what is not served. */
  document(path: string): OpenApiDocument | undefined {
    const known = this.#documents.get(path);
    if (known) return known;
    const kinds = this.#groups.get(path);
    if (!kinds) return undefined;
    const { paths, schemas } = describeKinds(this.#options, kinds, V3);
    const document = openApiDocument({
      openapi: '3.0.0',
      info: { title: 'Kubernetes', version: VERSION },
      paths,
      components: {
        schemas,
        securitySchemes: {
          BearerToken: {
            type: 'apiKey',
            description: 'Bearer Token authentication',
            name: 'authorization',
            in: 'header',
          },
        },
      },
    });
    this.#documents.set(path, document);
    return document;
  }
}

export function openApiDocument(value: object): OpenApiDocument {
  const bytes = Buffer.from(JSON.stringify(value));
  return { bytes, hash: createHash('sha512').update(bytes).digest('hex').toUpperCase() };
}

function groupsOf(kinds: Iterable<Kind>): ReadonlyMap<string, readonly Kind[]> {
  return Map.groupBy(kinds, ({ group, version }) => rootPath(group, version).slice(1));
}

/** What both versions of OpenAPI tell about kinds. */
export function describeKinds(
  { table, descriptions }: OpenApiOptions,
  kinds: readonly Kind[],
  dialect: Dialect,
): { paths: Record<string, PathItem>; schemas: Record<string, Schema> } {
  const schemas = new Schemas({ table, descriptions, dialect });
  const operations = new Operations({ table, reference: (typeName) => schemas.reference(typeName) });
  const paths: Record<string, PathItem> = {};
  const types = new Map<string, GroupVersionKind[]>();
  for (const kind of kinds) {
    Object.assign(paths, new KindPaths(kind, operations).paths());
    for (const [typeName, gvk] of typesOf(kind)) types.set(typeName, [gvk]);
  }
  const custom = customSchemas(kinds, { dialect, descriptions });
  const described = [...types.keys()].filter((typeName) => !custom.schemas.has(typeName));
  const roots = [...described, ...Operations.types, ...custom.references];
  const closure = schemas.closure(roots, withCommonTypes(types, kinds));
  return { paths, schemas: { ...closure, ...Object.fromEntries(custom.schemas) } };
}

function typesOf(kind: Kind): [string, GroupVersionKind][] {
  const { group, version } = kind;
  // What is only ever sent and answered has no list.
  const list: [string, GroupVersionKind][] = kind.verbs.includes('list')
    ? [[listType(kind), { group, version, kind: kind.listKind }]]
    : [];
  return [
    [kind.schema, { group, version, kind: kind.kind }],
    ...list,
    ...subresourcesOf(kind)
      .filter((sub) => !isConnection(sub))
      .map((sub): [string, GroupVersionKind] => [
        sub.schema,
        { group: sub.group, version: sub.version, kind: sub.kind },
      ]),
  ];
}

/** Types of the machinery belong to every group and version. */
function withCommonTypes(
  types: ReadonlyMap<string, GroupVersionKind[]>,
  kinds: readonly Kind[],
): Map<string, readonly GroupVersionKind[]> {
  const versions = [
    ...new Map(kinds.map(({ group, version }) => [`${group}/${version}`, { group, version }])).values(),
  ];
  const [status = '', deleteOptions = ''] = Operations.types;
  return new Map<string, readonly GroupVersionKind[]>([
    ...types,
    [status, [{ group: '', version: 'v1', kind: 'Status' }]],
    [deleteOptions, versions.map(({ group, version }) => ({ group, version, kind: 'DeleteOptions' }))],
  ]);
}
