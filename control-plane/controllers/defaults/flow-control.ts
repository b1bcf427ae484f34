/** The flow control that a new cluster begins with: the mandatory part, and what is suggested beside it. */
import type { FlowSchema, PriorityLevelConfiguration, Subject } from '../../../api/types/flowcontrol.v1.ts';
import {
  CATCH_ALL_LEVEL,
  EVERYBODY,
  EXEMPT_LEVEL,
  groupSubject,
  MANDATORY_FLOW_SCHEMAS,
  schemaOfAll,
} from '../../../api/validation/flowcontrol/mandatory.ts';

/** `true` while the server may bring the spec back to what it was. */
export const AUTO_UPDATE = 'apf.kubernetes.io/autoupdate-spec';

const QUEUE_LENGTH = 50;

type Spec<T extends { spec: unknown }> = readonly [name: string, spec: T['spec']];

function named<T extends { spec: unknown }>(kind: string, [name, spec]: Spec<T>): T {
  const metadata = { name, annotations: { [AUTO_UPDATE]: 'true' } };
  return { apiVersion: 'flowcontrol.apiserver.k8s.io/v1', kind, metadata, spec, status: {} } as unknown as T;
}

function limited(
  name: string,
  nominalConcurrencyShares: number,
  lendablePercent: number,
  [queues, handSize]: readonly [number, number],
): Spec<PriorityLevelConfiguration> {
  const queuing = { queues, handSize, queueLengthLimit: QUEUE_LENGTH };
  const limitResponse = { type: 'Queue', queuing };
  return [name, { type: 'Limited', limited: { nominalConcurrencyShares, limitResponse, lendablePercent } }];
}

const LEVELS: readonly Spec<PriorityLevelConfiguration>[] = [
  ['exempt', EXEMPT_LEVEL],
  ['catch-all', CATCH_ALL_LEVEL],
  limited('system', 30, 33, [64, 6]),
  limited('node-high', 40, 25, [64, 6]),
  limited('leader-election', 10, 0, [16, 4]),
  limited('workload-high', 40, 50, [128, 6]),
  limited('workload-low', 100, 90, [128, 6]),
  limited('global-default', 20, 50, [128, 6]),
];

const NODES: readonly Subject[] = [groupSubject('system:nodes')];
const SYSTEM_ACCOUNTS: Subject = {
  kind: 'ServiceAccount',
  serviceAccount: { name: '*', namespace: 'kube-system' },
};
const CONTROLLER_MANAGER = user('system:kube-controller-manager');
const SCHEDULER = user('system:kube-scheduler');
const LEASES = { apiGroups: ['coordination.k8s.io'], resources: ['leases'], namespaces: ['*'] };

function user(name: string): Subject {
  return { kind: 'User', user: { name } };
}

const SCHEMAS: readonly Spec<FlowSchema>[] = [
  ...MANDATORY_FLOW_SCHEMAS,
  [
    'probes',
    {
      priorityLevelConfiguration: { name: 'exempt' },
      matchingPrecedence: 2,
      rules: [
        {
          subjects: [...EVERYBODY],
          nonResourceRules: [{ verbs: ['get'], nonResourceURLs: ['/healthz', '/readyz', '/livez'] }],
        },
      ],
    },
  ],
  [
    'system-leader-election',
    {
      priorityLevelConfiguration: { name: 'leader-election' },
      matchingPrecedence: 100,
      distinguisherMethod: { type: 'ByUser' },
      rules: [
        {
          subjects: [CONTROLLER_MANAGER, SCHEDULER, SYSTEM_ACCOUNTS],
          resourceRules: [{ verbs: ['get', 'create', 'update'], ...LEASES }],
        },
      ],
    },
  ],
  [
    'system-node-high',
    {
      priorityLevelConfiguration: { name: 'node-high' },
      matchingPrecedence: 400,
      distinguisherMethod: { type: 'ByUser' },
      rules: [
        {
          subjects: [...NODES],
          resourceRules: [
            {
              verbs: ['*'],
              apiGroups: [''],
              resources: ['nodes', 'nodes/status'],
              clusterScope: true,
              namespaces: ['*'],
            },
            { verbs: ['*'], ...LEASES },
          ],
        },
      ],
    },
  ],
  ['system-nodes', schemaOfAll('system', 500, 'ByUser', NODES)],
  ['kube-controller-manager', schemaOfAll('workload-high', 800, 'ByNamespace', [CONTROLLER_MANAGER])],
  ['kube-scheduler', schemaOfAll('workload-high', 800, 'ByNamespace', [SCHEDULER])],
  ['kube-system-service-accounts', schemaOfAll('workload-high', 900, 'ByNamespace', [SYSTEM_ACCOUNTS])],
  ['service-accounts', schemaOfAll('workload-low', 9000, 'ByUser', [groupSubject('system:serviceaccounts')])],
  ['global-default', schemaOfAll('global-default', 9900, 'ByUser', EVERYBODY)],
];

export const DEFAULT_LEVELS: readonly PriorityLevelConfiguration[] = LEVELS.map((spec) =>
  named<PriorityLevelConfiguration>('PriorityLevelConfiguration', spec),
);
export const DEFAULT_SCHEMAS: readonly FlowSchema[] = SCHEMAS.map((spec) => named<FlowSchema>('FlowSchema', spec));
export const MANDATORY: ReadonlySet<string> = new Set(['exempt', 'catch-all']);
