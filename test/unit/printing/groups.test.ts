import assert from 'node:assert/strict';
import { type Kind, kinds } from '../../../api/kinds.ts';
import type { KubeObject } from '../../../api/object.ts';
import { toTable } from '../../../api/printing/table.ts';

const NOW = new Date('2026-01-01T12:00:00Z');
const metadata = { name: 'x', creationTimestamp: '2026-01-01T11:00:00Z' };

/** What kubectl prints with `-o wide`: the name of each column, a colon, its cell; wide ones with a star. */
function line(kind: Kind, object: object): string {
  const { columnDefinitions, rows } = toTable(kind, [{ metadata, ...object } as KubeObject], NOW);
  return columnDefinitions
    .map(({ name, priority }, index) => `${name}${priority > 0 ? '*' : ''}:${rows[0]?.cells[index]}`)
    .join(' | ');
}

const isDefault = { ...metadata, annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } };
const host = (name: string): object => ({ host: name });
const queuing = { queues: 64, handSize: 6, queueLengthLimit: 50 };
const limited = { nominalConcurrencyShares: 30, limitResponse: { type: 'Queue', queuing } };

const rows: [Kind, object, string][] = [
  [
    kinds.ingresses,
    { spec: {}, status: { loadBalancer: {} } },
    'Name:x | Class:<none> | Hosts:* | Address: | Ports:80 | Age:60m',
  ],
  [
    kinds.ingresses,
    {
      spec: { ingressClassName: 'c', tls: [{}], rules: [host('a'), host('b'), host('c'), host('d')] },
      status: { loadBalancer: { ingress: [{ ip: '1.1.1.1' }, { hostname: 'h' }] } },
    },
    'Name:x | Class:c | Hosts:a,b,c + 1 more... | Address:1.1.1.1,h | Ports:80, 443 | Age:60m',
  ],
  [
    kinds.ingressclasses,
    { spec: { controller: 'a/b', parameters: { apiGroup: 'g', kind: 'K', name: 'n' } } },
    'Name:x | Controller:a/b | Parameters:K.g/n | Age:60m',
  ],
  [kinds.networkpolicies, { spec: { podSelector: {} } }, 'Name:x | Pod-Selector:<none> | Age:60m'],
  [kinds.servicecidrs, { spec: { cidrs: ['a', 'b'] } }, 'Name:x | CIDRs:a,b | Age:60m'],
  [
    kinds.ipaddresses,
    { spec: { parentRef: { group: 'g', resource: 'r', namespace: 'n', name: 'o' } } },
    'Name:x | ParentRef:r.g/n/o',
  ],
  [
    kinds.storageclasses,
    { metadata: isDefault, provisioner: 'p', reclaimPolicy: 'Retain', volumeBindingMode: 'Immediate' },
    'Name:x (default) | Provisioner:p | ReclaimPolicy:Retain | VolumeBindingMode:Immediate | AllowVolumeExpansion:false | Age:60m',
  ],
  [
    kinds.csidrivers,
    { spec: { attachRequired: true, volumeLifecycleModes: ['Persistent'] } },
    'Name:x | AttachRequired:true | PodInfoOnMount:false | StorageCapacity:false | TokenRequests:<unset> | RequiresRepublish:false | Modes:Persistent | Age:60m',
  ],
  [kinds.csinodes, { spec: { drivers: [{}, {}] } }, 'Name:x | Drivers:2 | Age:60m'],
  [
    kinds.csistoragecapacities,
    { storageClassName: 's', capacity: '1Gi' },
    'Name:x | StorageClassName:s | Capacity:1Gi',
  ],
  [
    kinds.volumeattachments,
    { spec: { attacher: 'a', nodeName: 'n', source: { persistentVolumeName: 'v' } }, status: { attached: true } },
    'Name:x | Attacher:a | PV:v | Node:n | Attached:true | Age:60m',
  ],
  [kinds.volumeattributesclasses, { driverName: 'd' }, 'Name:x | DriverName:d | Age:60m'],
  [
    kinds.priorityclasses,
    { value: 5, preemptionPolicy: 'Never' },
    'Name:x | Value:5 | Global-Default:false | Age:60m | PreemptionPolicy:Never',
  ],
  [kinds.runtimeclasses, { handler: 'h' }, 'Name:x | Handler:h | Age:60m'],
  [
    kinds.flowschemas,
    { spec: { priorityLevelConfiguration: { name: 'p' }, matchingPrecedence: 9 }, status: {} },
    'Name:x | PriorityLevel:p | MatchingPrecedence:9 | DistinguisherMethod:<none> | Age:60m | MissingPL:?',
  ],
  [
    kinds.prioritylevelconfigurations,
    { spec: { type: 'Limited', limited } },
    'Name:x | Type:Limited | NominalConcurrencyShares:30 | Queues:64 | HandSize:6 | QueueLengthLimit:50 | Age:60m',
  ],
  [
    kinds.resourceclaims,
    { status: { allocation: {}, reservedFor: [{}] } },
    'Name:x | State:allocated,reserved | Age:60m',
  ],
  [
    kinds.resourceslices,
    { spec: { nodeName: 'n', driver: 'd', pool: { name: 'p' } } },
    'Name:x | Node:n | Driver:d | Pool:p | Age:60m',
  ],
  [
    kinds.apiservices,
    {
      spec: { service: { namespace: 'n', name: 's' } },
      status: { conditions: [{ type: 'Available', status: 'False', reason: 'Gone' }] },
    },
    'Name:x | Service:n/s | Available:False (Gone) | Age:60m',
  ],
];

describe('printing: the kinds of networking, storage, scheduling and the like', () => {
  for (const [kind, object, wanted] of rows) {
    it(`${kind.plural}: ${wanted}`, () => assert.equal(line(kind, object), wanted));
  }
});
