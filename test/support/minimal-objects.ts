/** An object of each kind that is served, with no more in it than the kind demands. */
import type { kinds } from '../../api/kinds.ts';
import { createSigningRequest } from '../../lib/certificates.ts';

const podSpec = { containers: [{ name: 'c', image: 'i' }] };
const template = { metadata: { labels: { app: 'a' } }, spec: podSpec };
const selector = { matchLabels: { app: 'a' } };
const workload = { spec: { selector, template } };
const jobSpec = { template: { spec: { ...podSpec, restartPolicy: 'Never' } } };
const accessModes = ['ReadWriteOnce'];
const storage = { storage: '1Gi' };
const autoscaler = {
  spec: { scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'd' }, maxReplicas: 2 },
};
const webhooks = [
  {
    name: 'a.example.com',
    clientConfig: { url: 'https://a.example.com/' },
    admissionReviewVersions: ['v1'],
    sideEffects: 'None',
  },
];
const device = { name: 'd', exactly: { deviceClassName: 'c' } };

/** Keyed as the table of kinds; a kind that is served without a row here does not compile. */
export type MinimalObjects = { readonly [Key in keyof typeof kinds]: object };

export async function minimalObjects(): Promise<MinimalObjects> {
  const { request } = await createSigningRequest({ commonName: 'walk', organizations: [] });
  return {
    ...constant,
    certificatesigningrequests: {
      spec: {
        request: Buffer.from(request).toString('base64'),
        signerName: 'a.io/b',
        usages: ['client auth'],
      },
    },
  };
}

const constant: Omit<MinimalObjects, 'certificatesigningrequests'> = {
  namespaces: {},
  nodes: {},
  pods: { spec: podSpec },
  services: { spec: { ports: [{ port: 80 }] } },
  configmaps: {},
  secrets: {},
  serviceaccounts: {},
  events: { involvedObject: { namespace: 'default' } },
  endpoints: {},
  replicationcontrollers: { spec: { template } },
  podtemplates: { template },
  limitranges: { spec: { limits: [] } },
  resourcequotas: {},
  persistentvolumes: { spec: { capacity: storage, accessModes, hostPath: { path: '/d' } } },
  persistentvolumeclaims: { spec: { accessModes, resources: { requests: storage } } },
  leases: {},
  endpointslices: { addressType: 'IPv4', endpoints: [] },
  deployments: workload,
  replicasets: workload,
  statefulsets: workload,
  daemonsets: workload,
  controllerrevisions: { data: {}, revision: 1 },
  jobs: { spec: jobSpec },
  cronjobs: { spec: { schedule: '@daily', jobTemplate: { spec: jobSpec } } },
  horizontalpodautoscalers: autoscaler,
  'horizontalpodautoscalers.v1': autoscaler,
  poddisruptionbudgets: { spec: { selector } },
  'events.events.k8s.io': {
    eventTime: '2026-01-01T00:00:00.000000Z',
    reportingController: 'a.io/b',
    reportingInstance: 'b',
    action: 'Do',
    reason: 'Because',
    type: 'Normal',
    regarding: { namespace: 'default' },
  },
  clusterroles: {},
  clusterrolebindings: { roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' } },
  roles: {},
  rolebindings: { roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' } },
  ingresses: { spec: { defaultBackend: { service: { name: 's', port: { number: 80 } } } } },
  ingressclasses: { spec: { controller: 'a.io/b' } },
  networkpolicies: {},
  ipaddresses: { spec: { parentRef: { resource: 'services', namespace: 'default', name: 's' } } },
  servicecidrs: { spec: { cidrs: ['10.200.0.0/24'] } },
  storageclasses: { provisioner: 'a.io/b' },
  csidrivers: { spec: {} },
  csinodes: { spec: { drivers: [] } },
  csistoragecapacities: { storageClassName: 's' },
  volumeattachments: { spec: { attacher: 'a.io', nodeName: 'n', source: { persistentVolumeName: 'v' } } },
  volumeattributesclasses: { driverName: 'a.io', parameters: { a: 'b' } },
  priorityclasses: { value: 1 },
  runtimeclasses: { handler: 'h' },
  flowschemas: { spec: { priorityLevelConfiguration: { name: 'p' }, matchingPrecedence: 2 } },
  prioritylevelconfigurations: { spec: { type: 'Limited', limited: { limitResponse: { type: 'Reject' } } } },
  deviceclasses: {},
  resourceclaims: { spec: { devices: { requests: [device] } } },
  resourceclaimtemplates: { spec: { spec: { devices: { requests: [device] } } } },
  resourceslices: {
    spec: { driver: 'a.io', nodeName: 'n', pool: { name: 'p', generation: 1, resourceSliceCount: 1 }, devices: [] },
  },
  apiservices: {
    spec: {
      group: 'walk.example.com',
      version: 'v1',
      groupPriorityMinimum: 1,
      versionPriority: 1,
      insecureSkipTLSVerify: true,
      service: { namespace: 'default', name: 's' },
    },
  },
  mutatingwebhookconfigurations: { webhooks },
  validatingwebhookconfigurations: { webhooks },
  validatingadmissionpolicies: {
    spec: {
      matchConstraints: {
        resourceRules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['pods'] }],
      },
      validations: [{ expression: 'true' }],
    },
  },
  validatingadmissionpolicybindings: { spec: { policyName: 'p', validationActions: ['Deny'] } },
  customresourcedefinitions: {
    spec: {
      group: 'walk.example.com',
      scope: 'Namespaced',
      names: { kind: 'Walk', plural: 'walks' },
      versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } }],
    },
  },
};
