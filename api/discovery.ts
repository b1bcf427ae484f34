/** The documents by which clients learn what is served, all made from the rows of kinds. */
import { createHash } from 'node:crypto';
import { compareVersions } from './custom/definition.ts';
import { BUILT_IN_PRIORITIES, CUSTOM_PRIORITY, FIRST_GROUP, type Priority } from './group-priorities.ts';
import { apiVersionOf, subresourcesOf } from './kinds.ts';
import type { Kind, Subresource } from './kinds.ts';
import type { APIGroupDiscoveryList, APIResourceDiscovery, APIVersionDiscovery } from './types/apidiscovery.v2.ts';
import type { APIGroup, APIGroupList, APIResource, APIResourceList, APIVersions } from './types/meta.v1.ts';

/** The media type's parameters with which a client asks for everything in one document. */
export const AGGREGATED = { g: 'apidiscovery.k8s.io', v: 'v2', as: 'APIGroupDiscoveryList' } as const;

/** One version of one group, served here or by another server. */
export interface ServedVersion {
  readonly group: string;
  readonly version: string;
  readonly discovery: () => APIVersionDiscovery;
}

export interface VersionsOptions {
  readonly kinds: Iterable<Kind>;
  /** What other servers serve; of a version that is served here as well, theirs counts. */
  readonly elsewhere?: readonly ServedVersion[];
  /** Where an APIService puts a version; undefined where there is none. */
  readonly priorityOf?: (group: string, version: string) => Priority | undefined;
}

/** Every version that is served, in the order of discovery: the groups of highest priority first, and so within each. */
export function servedVersions({
  kinds,
  elsewhere = [],
  priorityOf = () => undefined,
}: VersionsOptions): ServedVersion[] {
  const here = [...Map.groupBy(kinds, (kind) => apiVersionOf(kind)).values()].map((rows): ServedVersion => {
    const [{ group, version } = { group: '', version: '' }] = rows;
    return { group, version, discovery: () => versionDiscovery(version, rows) };
  });
  const all = new Map([...here, ...elsewhere].map((each) => [`${each.group}/${each.version}`, each]));
  const placed = [...all].map(([id, served]) => {
    const { group, version } = served;
    return { served, at: priorityOf(group, version) ?? BUILT_IN_PRIORITIES.get(id) ?? CUSTOM_PRIORITY };
  });
  const groups = [...Map.groupBy(placed, ({ served }) => served.group).values()].map((own) =>
    own.toSorted((a, b) => b.at.version - a.at.version || compareVersions(a.served.version, b.served.version)),
  );
  return groups.toSorted(compareGroups).flatMap((own) => own.map(({ served }) => served));
}

interface Placed {
  readonly served: ServedVersion;
  readonly at: Priority;
}

/** A group stands where its highest version puts it; among equals the names of their APIServices decide. */
function compareGroups(a: readonly Placed[], b: readonly Placed[]): number {
  const [first, second] = [standing(a), standing(b)];
  return second.priority - first.priority || (first.name < second.name ? -1 : 1);
}

function standing(own: readonly Placed[]): { priority: number; name: string } {
  const priority = Math.max(...own.map(({ served, at }) => (served.group === FIRST_GROUP ? Infinity : at.group)));
  const [name = ''] = own.map(({ served }) => `${served.version}.${served.group}`).toSorted();
  return { priority, name };
}

/** `/api`. `address` is where clients reach the server, such as `10.0.0.1:6443`. */
export function apiVersions(address: string): APIVersions {
  return {
    kind: 'APIVersions',
    versions: ['v1'],
    serverAddressByClientCIDRs: [{ clientCIDR: '0.0.0.0/0', serverAddress: address }],
  };
}

/** `/apis`. */
export function apiGroups(versions: readonly ServedVersion[]): APIGroupList {
  const groups = [...byGroup(versions)].filter(([group]) => group !== '');
  return { kind: 'APIGroupList', apiVersion: 'v1', groups: groups.map(([group, own]) => groupDocument(group, own)) };
}

/** `/apis/<group>`; undefined for a group that is not served. */
export function apiGroup(versions: readonly ServedVersion[], group: string): APIGroup | undefined {
  const own = group === '' ? undefined : byGroup(versions).get(group);
  return own && { kind: 'APIGroup', apiVersion: 'v1', ...groupDocument(group, own) };
}

/** The first version is the preferred one. */
function groupDocument(name: string, own: readonly ServedVersion[]): APIGroup {
  const versions = own.map(({ version }) => ({ groupVersion: `${name}/${version}`, version }));
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
    // What is computed has none; all that is stored can be watched.
    ...(kind.verbs.includes('watch') ? { storageVersionHash: storageVersionHash(kind.storedAs ?? kind) } : {}),
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
export function aggregatedDiscovery(versions: readonly ServedVersion[], root: 'api' | 'apis'): APIGroupDiscoveryList {
  const groups = [...byGroup(versions)].filter(([group]) => (group === '') === (root === 'api'));
  return {
    kind: 'APIGroupDiscoveryList',
    apiVersion: `${AGGREGATED.g}/${AGGREGATED.v}`,
    metadata: {},
    items: groups.map(([group, own]) => ({
      metadata: group === '' ? {} : { name: group },
      versions: own.map(({ discovery }) => discovery()),
    })),
  };
}

function versionDiscovery(version: string, rows: readonly Kind[]): APIVersionDiscovery {
  return { version, freshness: 'Current', resources: byPlural(rows).map(resourceDiscovery) };
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

function byGroup(versions: readonly ServedVersion[]): Map<string, readonly ServedVersion[]> {
  return Map.groupBy(versions, ({ group }) => group);
}

function byPlural(rows: readonly Kind[]): Kind[] {
  return rows.toSorted((a, b) => (a.plural < b.plural ? -1 : 1));
}
