/** The core group. */
import type {
  ConfigMap,
  Endpoints,
  Event,
  LimitRange,
  Namespace,
  Node,
  PersistentVolume,
  PersistentVolumeClaim,
  Pod,
  PodTemplate,
  ReplicationController,
  ResourceQuota,
  Secret,
  Service,
  ServiceAccount,
} from '../types/core.v1.ts';
import { kind, type Subresource, VERBS } from './kind.ts';

const CORE = 'io.k8s.api.core.v1';

function coreSubresource(name: string, kindName: string, ...verbs: string[]): Subresource {
  return { name, verbs, group: '', version: 'v1', kind: kindName, schema: `${CORE}.${kindName}` };
}

/** As Kubernetes tells them, whatever methods are passed on. */
const PROXY_VERBS = ['create', 'delete', 'get', 'patch', 'update'];

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
  coreSubresource('ephemeralcontainers', 'Pod', 'get', 'patch', 'update'),
  coreSubresource('exec', 'PodExecOptions', 'create', 'get'),
  coreSubresource('log', 'Pod', 'get'),
  coreSubresource('portforward', 'PodPortForwardOptions', 'create', 'get'),
  coreSubresource('resize', 'Pod', 'get', 'patch', 'update'),
  coreSubresource('proxy', 'PodProxyOptions', ...PROXY_VERBS),
];

export const coreKinds = {
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
    subresources: [coreSubresource('proxy', 'NodeProxyOptions', ...PROXY_VERBS)],
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
    subresources: [coreSubresource('proxy', 'ServiceProxyOptions', ...PROXY_VERBS)],
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
    subresources: [
      {
        name: 'token',
        verbs: ['create'],
        group: 'authentication.k8s.io',
        version: 'v1',
        kind: 'TokenRequest',
        schema: 'io.k8s.api.authentication.v1.TokenRequest',
      },
    ],
    schema: `${CORE}.ServiceAccount`,
  }),
  events: kind<Event>({ kind: 'Event', plural: 'events', shortNames: ['ev'], schema: `${CORE}.Event` }),
  endpoints: kind<Endpoints>({
    kind: 'Endpoints',
    plural: 'endpoints',
    shortNames: ['ep'],
    deprecation: 'v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice',
    schema: `${CORE}.Endpoints`,
  }),
  replicationcontrollers: kind<ReplicationController>({
    kind: 'ReplicationController',
    plural: 'replicationcontrollers',
    shortNames: ['rc'],
    categories: ['all'],
    status: true,
    scale: true,
    schema: `${CORE}.ReplicationController`,
  }),
  podtemplates: kind<PodTemplate>({ kind: 'PodTemplate', plural: 'podtemplates', schema: `${CORE}.PodTemplate` }),
  limitranges: kind<LimitRange>({
    kind: 'LimitRange',
    plural: 'limitranges',
    shortNames: ['limits'],
    schema: `${CORE}.LimitRange`,
  }),
  resourcequotas: kind<ResourceQuota>({
    kind: 'ResourceQuota',
    plural: 'resourcequotas',
    shortNames: ['quota'],
    status: true,
    schema: `${CORE}.ResourceQuota`,
  }),
  persistentvolumes: kind<PersistentVolume>({
    kind: 'PersistentVolume',
    plural: 'persistentvolumes',
    shortNames: ['pv'],
    namespaced: false,
    status: true,
    schema: `${CORE}.PersistentVolume`,
  }),
  persistentvolumeclaims: kind<PersistentVolumeClaim>({
    kind: 'PersistentVolumeClaim',
    plural: 'persistentvolumeclaims',
    shortNames: ['pvc'],
    status: true,
    schema: `${CORE}.PersistentVolumeClaim`,
  }),
};
