/** Reads how other servers tell what they serve, in either form. What is not well-formed is left out. */
import type { APIResourceDiscovery, APISubresourceDiscovery, APIVersionDiscovery } from './types/apidiscovery.v2.ts';
import type { GroupVersionKind } from './types/meta.v1.ts';

type Json = Readonly<Record<string, unknown>>;

interface GroupVersion {
  readonly group: string;
  readonly version: string;
}

/** Of a version in the document that tells everything at once (`apidiscovery.k8s.io`); undefined when it is not in there. */
export function fromAggregated(document: unknown, { group, version }: GroupVersion): APIVersionDiscovery | undefined {
  const item = objects(document, 'items').find(({ metadata }) => isObject(metadata) && metadata['name'] === group);
  const found = item && objects(item, 'versions').find((each) => each['version'] === version);
  return found && { version, freshness: 'Current', resources: objects(found, 'resources').flatMap(resource) };
}

function resource(value: Json): APIResourceDiscovery[] {
  const { resource: name, scope, singularResource = '' } = value;
  if (typeof name !== 'string' || (scope !== 'Namespaced' && scope !== 'Cluster')) return [];
  const subresources = objects(value, 'subresources').flatMap(subresource);
  return [
    {
      resource: name,
      responseKind: kindOf(value['responseKind']),
      scope,
      singularResource: typeof singularResource === 'string' ? singularResource : '',
      verbs: texts(value['verbs']),
      ...listed('shortNames', value),
      ...listed('categories', value),
      ...(subresources.length > 0 ? { subresources } : {}),
    },
  ];
}

function subresource(value: Json): APISubresourceDiscovery[] {
  const { subresource: name } = value;
  if (typeof name !== 'string') return [];
  const acceptedTypes = objects(value, 'acceptedTypes').map(kindOf);
  return [
    {
      subresource: name,
      responseKind: kindOf(value['responseKind']),
      ...(acceptedTypes.length > 0 ? { acceptedTypes } : {}),
      verbs: texts(value['verbs']),
    },
  ];
}

/** Of an APIResourceList; undefined when it is none. */
export function fromResourceList(document: unknown, { group, version }: GroupVersion): APIVersionDiscovery | undefined {
  if (!isObject(document) || !Array.isArray(document['resources'])) return undefined;
  const rows = objects(document, 'resources').filter(({ name }) => typeof name === 'string');
  const nameOf = (row: Json): string => row['name'] as string;
  const responseKind = (row: Json): GroupVersionKind => {
    const kind = kindOf(row);
    return { group: kind.group || group, version: kind.version || version, kind: kind.kind };
  };
  const below = Map.groupBy(
    rows.filter((row) => nameOf(row).includes('/')),
    (row) => nameOf(row).split('/')[0] ?? '',
  );
  const resources = rows
    .filter((row) => !nameOf(row).includes('/'))
    .map((row): APIResourceDiscovery => {
      const subresources = (below.get(nameOf(row)) ?? []).map((each) => ({
        subresource: nameOf(each).slice(nameOf(row).length + 1),
        responseKind: responseKind(each),
        verbs: texts(each['verbs']),
      }));
      return {
        resource: nameOf(row),
        responseKind: responseKind(row),
        scope: row['namespaced'] === true ? 'Namespaced' : 'Cluster',
        singularResource: typeof row['singularName'] === 'string' ? row['singularName'] : '',
        verbs: texts(row['verbs']),
        ...listed('shortNames', row),
        ...listed('categories', row),
        ...(subresources.length > 0 ? { subresources } : {}),
      };
    });
  return { version, freshness: 'Current', resources };
}

/** Old clients stumble where there is none. */
function kindOf(value: unknown): GroupVersionKind {
  const { group, version, kind } = isObject(value) ? value : {};
  const text = (part: unknown): string => (typeof part === 'string' ? part : '');
  return { group: text(group), version: text(version), kind: text(kind) };
}

function listed<Name extends 'shortNames' | 'categories'>(name: Name, value: Json): Partial<Record<Name, string[]>> {
  const list = texts(value[name]);
  return (list.length > 0 ? { [name]: list } : {}) as Partial<Record<Name, string[]>>;
}

function texts(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
}

function objects(value: unknown, field: string): Json[] {
  const list = isObject(value) ? value[field] : undefined;
  return Array.isArray(list) ? list.filter(isObject) : [];
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
