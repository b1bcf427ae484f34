/**
 * The one table of resources. Everything that is the same for all kinds (paths, verbs, discovery, OpenAPI, storage keys,
 * tables) is driven by a row here and by the schema; what a kind has of its own is its strategy in the registry.
 */
import type { KubeObject } from './object.ts';
import type { Deployment, ReplicaSet } from './schema/types/apps.v1.ts';
import type { Lease } from './schema/types/coordination.v1.ts';
import type {
  ConfigMap,
  Event,
  Namespace,
  Node,
  Pod,
  Secret,
  Service,
  ServiceAccount,
} from './schema/types/core.v1.ts';
import type { EndpointSlice } from './schema/types/discovery.v1.ts';

/** What hangs below an object of a kind, such as `pods/log`, and has a handler of its own. */
export interface Subresource {
  readonly name: string;
  readonly verbs: readonly string[];
  /** The type that is sent to it or comes from it. */
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  /** That type's name in the schema table. */
  readonly schema: string;
}

export const VERBS: readonly string[] = [
  'create',
  'delete',
  'deletecollection',
  'get',
  'list',
  'patch',
  'update',
  'watch',
];

export interface Kind<T extends KubeObject = KubeObject> {
  /** '' for the core group. */
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  /** As it stands in paths. */
  readonly plural: string;
  readonly singular: string;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly namespaced: boolean;
  /** The type's name in the schema table. */
  readonly schema: string;
  /** Subresources that the generic code serves; the others (log, exec, binding, eviction) have handlers of their own. */
  readonly status: boolean;
  readonly scale: boolean;
  /** Those of the kind itself, as discovery tells them. */
  readonly verbs: readonly string[];
  /** Besides `status` and `scale`. */
  readonly subresources: readonly Subresource[];
  /** Never set: carries the object's type for the compiler. */
  readonly object?: T;
}

type Row = Partial<Omit<Kind, 'object'>> & Pick<Kind, 'kind' | 'plural' | 'schema'>;

function kind<T extends KubeObject>(row: Row): Kind<T> {
  return {
    group: '',
    version: 'v1',
    singular: row.kind.toLowerCase(),
    shortNames: [],
    categories: [],
    namespaced: true,
    status: false,
    scale: false,
    verbs: VERBS,
    subresources: [],
    ...row,
  };
}

const CORE = 'io.k8s.api.core.v1';

function coreSubresource(name: string, kindName: string, ...verbs: string[]): Subresource {
  return { name, verbs, group: '', version: 'v1', kind: kindName, schema: `${CORE}.${kindName}` };
}

const POD_SUBRESOURCES: readonly Subresource[] = [
  coreSubresource('attach', 'PodAttachOptions', 'create', 'get'),
  coreSubresource('binding', 'Binding', 'create'),
  {
    name: 'eviction',
    verbs: ['create'],
    group: 'policy',
    version: 'v1',
    kind: 'Eviction',
    schema: 'io.k8s.api.policy.v1.Eviction',
  },
  coreSubresource('exec', 'PodExecOptions', 'create', 'get'),
  coreSubresource('log', 'Pod', 'get'),
  coreSubresource('portforward', 'PodPortForwardOptions', 'create', 'get'),
];

export const kinds = {
  namespaces: kind<Namespace>({
    kind: 'Namespace',
    plural: 'namespaces',
    shortNames: ['ns'],
    namespaced: false,
    status: true,
    verbs: VERBS.filter((verb) => verb !== 'deletecollection'),
    schema: `${CORE}.Namespace`,
  }),
  nodes: kind<Node>({
    kind: 'Node',
    plural: 'nodes',
    shortNames: ['no'],
    namespaced: false,
    status: true,
    schema: `${CORE}.Node`,
  }),
  pods: kind<Pod>({
    kind: 'Pod',
    plural: 'pods',
    shortNames: ['po'],
    categories: ['all'],
    status: true,
    subresources: POD_SUBRESOURCES,
    schema: `${CORE}.Pod`,
  }),
  services: kind<Service>({
    kind: 'Service',
    plural: 'services',
    shortNames: ['svc'],
    categories: ['all'],
    status: true,
    schema: `${CORE}.Service`,
  }),
  configmaps: kind<ConfigMap>({
    kind: 'ConfigMap',
    plural: 'configmaps',
    shortNames: ['cm'],
    schema: `${CORE}.ConfigMap`,
  }),
  secrets: kind<Secret>({ kind: 'Secret', plural: 'secrets', schema: `${CORE}.Secret` }),
  serviceaccounts: kind<ServiceAccount>({
    kind: 'ServiceAccount',
    plural: 'serviceaccounts',
    shortNames: ['sa'],
    schema: `${CORE}.ServiceAccount`,
  }),
  events: kind<Event>({ kind: 'Event', plural: 'events', shortNames: ['ev'], schema: `${CORE}.Event` }),
  leases: kind<Lease>({
    group: 'coordination.k8s.io',
    kind: 'Lease',
    plural: 'leases',
    schema: 'io.k8s.api.coordination.v1.Lease',
  }),
  endpointslices: kind<EndpointSlice>({
    group: 'discovery.k8s.io',
    kind: 'EndpointSlice',
    plural: 'endpointslices',
    schema: 'io.k8s.api.discovery.v1.EndpointSlice',
  }),
  deployments: kind<Deployment>({
    group: 'apps',
    kind: 'Deployment',
    plural: 'deployments',
    shortNames: ['deploy'],
    categories: ['all'],
    status: true,
    scale: true,
    schema: 'io.k8s.api.apps.v1.Deployment',
  }),
  replicasets: kind<ReplicaSet>({
    group: 'apps',
    kind: 'ReplicaSet',
    plural: 'replicasets',
    shortNames: ['rs'],
    categories: ['all'],
    status: true,
    scale: true,
    schema: 'io.k8s.api.apps.v1.ReplicaSet',
  }),
};

const STATUS_VERBS = ['get', 'patch', 'update'];

/** All that hangs below an object of the kind, sorted by name. */
export function subresourcesOf(kind: Kind): Subresource[] {
  const { group, version, schema } = kind;
  const found = [...kind.subresources];
  if (kind.status) found.push({ name: 'status', verbs: STATUS_VERBS, group, version, kind: kind.kind, schema });
  if (kind.scale) {
    const scale = { group: 'autoscaling', version: 'v1', kind: 'Scale', schema: 'io.k8s.api.autoscaling.v1.Scale' };
    found.push({ name: 'scale', verbs: STATUS_VERBS, ...scale });
  }
  return found.toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

/** `v1`, or `apps/v1`. */
export function apiVersionOf(kind: Kind): string {
  return kind.group === '' ? kind.version : `${kind.group}/${kind.version}`;
}

/** `pods`, or `deployments.apps`: how messages name a resource. */
export function qualifiedResource(kind: Kind): string {
  return kind.group === '' ? kind.plural : `${kind.plural}.${kind.group}`;
}
