/** The documents by which clients learn what is served, all made from the rows of kinds. */
import { createHash } from 'node:crypto';
import { subresourcesOf } from './kinds.ts';
import type { Kind, Subresource } from './kinds.ts';
import type {
  APIGroupDiscovery,
  APIGroupDiscoveryList,
  APIResourceDiscovery,
  APIVersionDiscovery,
} from './schema/types/apidiscovery.v2.ts';
import type { APIGroup, APIGroupList, APIResource, APIResourceList, APIVersions } from './schema/types/meta.v1.ts';

/** The media type's parameters with which a client asks for everything in one document. */
export const AGGREGATED = { g: 'apidiscovery.k8s.io', v: 'v2', as: 'APIGroupDiscoveryList' } as const;

/** `/api`. `address` is where clients reach the server, such as `10.0.0.1:6443`. */
export function apiVersions(address: string): APIVersions {
  return {
    kind: 'APIVersions',
    versions: ['v1'],
    serverAddressByClientCIDRs: [{ clientCIDR: '0.0.0.0/0', serverAddress: address }],
  };
}

/** `/apis`. */
export function apiGroups(kinds: Iterable<Kind>): APIGroupList {
  const groups = [...groupsOf(kinds)].filter(([group]) => group !== '');
  return { kind: 'APIGroupList', apiVersion: 'v1', groups: groups.map(([group, rows]) => groupDocument(group, rows)) };
}

/** `/apis/<group>`; undefined for a group that is not served. */
export function apiGroup(kinds: Iterable<Kind>, group: string): APIGroup | undefined {
  const rows = group === '' ? undefined : groupsOf(kinds).get(group);
  return rows && { kind: 'APIGroup', apiVersion: 'v1', ...groupDocument(group, rows) };
}

/** The first version that a row names is the preferred one. */
function groupDocument(name: string, rows: readonly Kind[]): APIGroup {
  const versions = versionsOf(rows).map((version) => ({ groupVersion: `${name}/${version}`, version }));
  return { name, versions, preferredVersion: versions[0] ?? { groupVersion: '', version: '' } };
}

/** `/api/v1` and `/apis/<group>/<version>`; undefined for what is not served. */
export function apiResources(kinds: Iterable<Kind>, group: string, version: string): APIResourceList | undefined {
  const rows = [...kinds].filter((kind) => kind.group === group && kind.version === version);
  if (rows.length === 0) return undefined;
  return {
    kind: 'APIResourceList',
    apiVersion: 'v1',
    groupVersion: group === '' ? version : `${group}/${version}`,
    resources: byPlural(rows).flatMap((kind) => [
      resourceDocument(kind),
      ...subresourcesOf(kind).map((subresource) => subresourceDocument(kind, subresource)),
    ]),
  };
}

function resourceDocument(kind: Kind): APIResource {
  return {
    name: kind.plural,
    singularName: kind.singular,
    namespaced: kind.namespaced,
    kind: kind.kind,
    verbs: [...kind.verbs],
    ...(kind.shortNames.length > 0 ? { shortNames: [...kind.shortNames] } : {}),
    ...(kind.categories.length > 0 ? { categories: [...kind.categories] } : {}),
    storageVersionHash: storageVersionHash(kind.storedAs ?? kind),
  };
}

function subresourceDocument(kind: Kind, { name, group, version, kind: type, verbs }: Subresource): APIResource {
  const isForeign = group !== kind.group || version !== kind.version;
  return {
    name: `${kind.plural}/${name}`,
    singularName: '',
    namespaced: kind.namespaced,
    ...(isForeign ? { group, version } : {}),
    kind: type,
    verbs: [...verbs],
  };
}

/** Changes when objects of the kind are stored in another version; the same as Kubernetes' own. */
export function storageVersionHash({ group, version, kind }: Kind): string {
  return createHash('sha256').update(`${group}/${version}/${kind}`).digest().subarray(0, 8).toString('base64');
}

/** `/api` or `/apis` for clients that asked for {@link AGGREGATED}. */
export function aggregatedDiscovery(kinds: Iterable<Kind>, root: 'api' | 'apis'): APIGroupDiscoveryList {
  const groups = [...groupsOf(kinds)].filter(([group]) => (group === '') === (root === 'api'));
  return {
    kind: 'APIGroupDiscoveryList',
    apiVersion: `${AGGREGATED.g}/${AGGREGATED.v}`,
    metadata: {},
    items: groups.map(([group, rows]) => groupDiscovery(group, rows)),
  };
}

function groupDiscovery(group: string, rows: readonly Kind[]): APIGroupDiscovery {
  return {
    metadata: group === '' ? {} : { name: group },
    versions: versionsOf(rows).map((version): APIVersionDiscovery => ({
      version,
      freshness: 'Current',
      resources: byPlural(rows.filter((kind) => kind.version === version)).map(resourceDiscovery),
    })),
  };
}

function resourceDiscovery(kind: Kind): APIResourceDiscovery {
  const subresources = subresourcesOf(kind).map(({ name, group, version, kind: type, verbs }) => ({
    subresource: name,
    responseKind: { group, version, kind: type },
    verbs: [...verbs],
  }));
  return {
    resource: kind.plural,
    responseKind: { group: kind.group, version: kind.version, kind: kind.kind },
    scope: kind.namespaced ? 'Namespaced' : 'Cluster',
    singularResource: kind.singular,
    verbs: [...kind.verbs],
    ...(kind.shortNames.length > 0 ? { shortNames: [...kind.shortNames] } : {}),
    ...(kind.categories.length > 0 ? { categories: [...kind.categories] } : {}),
    ...(subresources.length > 0 ? { subresources } : {}),
  };
}

/** In the order in which the rows name them. */
function groupsOf(kinds: Iterable<Kind>): Map<string, Kind[]> {
  return Map.groupBy(kinds, ({ group }) => group);
}

function versionsOf(rows: readonly Kind[]): string[] {
  return [...new Set(rows.map(({ version }) => version))];
}

function byPlural(rows: readonly Kind[]): Kind[] {
  return rows.toSorted((a, b) => (a.plural < b.plural ? -1 : 1));
}
