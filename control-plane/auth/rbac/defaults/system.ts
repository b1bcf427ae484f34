/** The roles of what belongs to a cluster, by name. */
import type { PolicyRule } from '../../../../api/types/rbac.v1.ts';
import { NODE_RULES } from './node.ts';
import { ACCESS_CHECKS, EVENTS, READ, to, toNamed, toPaths } from './rule.ts';

const CERTIFICATES = 'certificates.k8s.io';
const LEASES = 'coordination.k8s.io';
const STORAGE = 'storage.k8s.io';
const READ_UPDATE = ['get', 'list', 'patch', 'update', 'watch'];
const REQUEST_CERTIFICATES = to(['create', 'get', 'list', 'watch'], CERTIFICATES, 'certificatesigningrequests');

const APPROVERS = {
  'kube-apiserver-client-approver': 'kubernetes.io/kube-apiserver-client',
  'kube-apiserver-client-kubelet-approver': 'kubernetes.io/kube-apiserver-client-kubelet',
  'kubelet-serving-approver': 'kubernetes.io/kubelet-serving',
  'legacy-unknown-approver': 'kubernetes.io/legacy-unknown',
};

/** Of a component that is elected by a lease of its own name. */
function election(lease: string): PolicyRule[] {
  return [to('create', LEASES, 'leases'), toNamed(['get', 'update'], LEASES, 'leases', lease)];
}

export const SYSTEM_ROLES: Readonly<Record<string, readonly PolicyRule[]>> = {
  'cluster-admin': [to('*', '*', '*'), { verbs: ['*'], nonResourceURLs: ['*'] }],
  'system:auth-delegator': ACCESS_CHECKS,
  'system:basic-user': [
    to('create', 'authorization.k8s.io', 'selfsubjectaccessreviews', 'selfsubjectrulesreviews'),
    to('create', 'authentication.k8s.io', 'selfsubjectreviews'),
  ],
  'system:discovery': [
    toPaths('/api /api/* /apis /apis/* /healthz /livez /openapi /openapi/* /readyz', '/version /version/'),
  ],
  'system:public-info-viewer': [toPaths('/healthz', '/livez', '/readyz', '/version', '/version/')],
  'system:monitoring': [
    toPaths('/healthz /healthz/* /livez /livez/* /metrics /metrics/slis /readyz /readyz/*'),
    to('get', '', 'nodes/metrics'),
  ],
  'system:service-account-issuer-discovery': [
    toPaths('/.well-known/openid-configuration /.well-known/openid-configuration/ /openid/v1/jwks /openid/v1/jwks/'),
  ],
  'system:kube-aggregator': [to(READ, '', 'endpoints', 'services')],
  'system:kube-controller-manager': [
    EVENTS,
    ...election('kube-controller-manager'),
    to('create', '', 'secrets', 'serviceaccounts'),
    to('delete', '', 'secrets'),
    to('get', '', 'configmaps', 'namespaces', 'secrets', 'serviceaccounts'),
    to('update', '', 'secrets', 'serviceaccounts'),
    ...ACCESS_CHECKS,
    to(['list', 'watch'], '*', '*'),
    to('create', '', 'serviceaccounts/token'),
  ],
  'system:kube-scheduler': [
    EVENTS,
    ...election('kube-scheduler'),
    toNamed(['list', 'watch'], LEASES, 'leases', 'kube-scheduler'),
    to(READ, '', 'nodes'),
    to(['delete', 'get', 'list', 'watch'], '', 'pods'),
    to('create', '', 'bindings', 'pods/binding'),
    to(['patch', 'update'], '', 'pods/status'),
    to('update', '', 'pods/finalizers'),
    to(READ, '', 'replicationcontrollers', 'services'),
    to(READ, 'apps', 'replicasets', 'statefulsets'),
    to(READ, 'policy', 'poddisruptionbudgets'),
    to(READ, '', 'persistentvolumeclaims', 'persistentvolumes'),
    ...ACCESS_CHECKS,
    to(READ, STORAGE, 'csidrivers', 'csinodes', 'csistoragecapacities', 'volumeattachments'),
    to(READ, '', 'namespaces'),
    to(READ_UPDATE, 'resource.k8s.io', 'resourceclaims', 'resourceclaims/status'),
    to(READ, 'resource.k8s.io', 'deviceclasses', 'resourceslices'),
  ],
  'system:volume-scheduler': [
    to(READ_UPDATE, '', 'persistentvolumes'),
    to(READ, STORAGE, 'storageclasses'),
    to(READ_UPDATE, '', 'persistentvolumeclaims'),
  ],
  'system:persistent-volume-provisioner': [
    to(['create', 'delete', 'get', 'list', 'watch'], '', 'persistentvolumes'),
    to(['get', 'list', 'update', 'watch'], '', 'persistentvolumeclaims'),
    to(READ, STORAGE, 'storageclasses'),
    to('watch', '', 'events'),
    EVENTS,
  ],
  'system:kubelet-api-admin': [
    to(READ, '', 'nodes'),
    to('proxy', '', 'nodes'),
    to('*', '', 'nodes/configz nodes/healthz nodes/log nodes/metrics nodes/pods nodes/proxy nodes/stats'),
  ],
  'system:node': NODE_RULES,
  'system:node-bootstrapper': [REQUEST_CERTIFICATES],
  'system:node-problem-detector': [to('get', '', 'nodes'), to('patch', '', 'nodes/status'), EVENTS],
  'system:node-proxier': [
    to(['list', 'watch'], '', 'endpoints', 'services'),
    to(READ, '', 'nodes'),
    EVENTS,
    to(['list', 'watch'], 'discovery.k8s.io', 'endpointslices'),
    to(['list', 'watch'], 'networking.k8s.io', 'servicecidrs'),
  ],
  ...Object.fromEntries(
    ['nodeclient', 'selfnodeclient'].map((name) => [
      `system:certificates.k8s.io:certificatesigningrequests:${name}`,
      [to('create', CERTIFICATES, `certificatesigningrequests/${name}`)],
    ]),
  ),
  ...Object.fromEntries(
    Object.entries(APPROVERS).map(([name, signer]) => [
      `system:certificates.k8s.io:${name}`,
      [toNamed('approve', CERTIFICATES, 'signers', signer)],
    ]),
  ),
};
