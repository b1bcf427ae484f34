import { kinds } from '../../../api/kinds.ts';
import { storageStrategies } from '../../../control-plane/registry/strategies/groups/storage.ts';
import type { Strategy } from '../../../control-plane/registry/strategy.ts';
import { onCreate, onStatus, onUpdate, type Table } from './rules.ts';

const table = (key: keyof typeof storageStrategies, base: object): Table => ({
  kind: kinds[key],
  strategy: storageStrategies[key] as Strategy as Table['strategy'],
  base,
});

describe('validation of storage.k8s.io', () => {
  const storageClass = table('storageclasses', { provisioner: 'example.com/disk', parameters: { a: 'b' } });
  const term = { matchLabelExpressions: [{ key: 'zone', values: ['a'] }] };
  onCreate(storageClass, [
    [{ provisioner: '' }, 'provisioner: Required value'],
    [{ parameters: { '': 'x' } }, 'parameters: Invalid value: "": field can not be empty.'],
    [{ reclaimPolicy: 'Recycle' }, 'reclaimPolicy: Unsupported value: "Recycle": supported values: "Delete", "Retain"'],
    [
      { volumeBindingMode: 'Never' },
      'volumeBindingMode: Unsupported value: "Never": supported values: "Immediate", "WaitForFirstConsumer"',
    ],
    [{ allowedTopologies: [term] }],
    [{ allowedTopologies: [term, term] }, 'allowedTopologies[1].matchLabelExpressions: Duplicate value: ""'],
    [
      { allowedTopologies: [{ matchLabelExpressions: [{ key: 'zone', values: [] }] }] },
      'allowedTopologies[0].matchLabelExpressions[0].values: Required value',
    ],
    [
      { allowedTopologies: [{ matchLabelExpressions: [{ key: 'zone', values: ['a', 'a'] }] }] },
      'allowedTopologies[0].matchLabelExpressions[0].values[1]: Duplicate value: "a"',
    ],
  ]);
  onUpdate(storageClass, [
    [{ allowVolumeExpansion: true }],
    [{ parameters: {} }, 'parameters: Forbidden: updates to parameters are forbidden.'],
    [{ provisioner: 'other' }, 'provisioner: Forbidden: updates to provisioner are forbidden.'],
    [{ reclaimPolicy: 'Retain' }, 'reclaimPolicy: Forbidden: updates to reclaimPolicy are forbidden.'],
    [
      { volumeBindingMode: 'WaitForFirstConsumer' },
      'volumeBindingMode: Invalid value: "WaitForFirstConsumer": field is immutable',
    ],
  ]);

  const attributes = table('volumeattributesclasses', { driverName: 'example.com', parameters: { iops: '5' } });
  onCreate(attributes, [[{ parameters: {} }, 'parameters: Required value: must contain at least one key/value pair']]);
  onUpdate(attributes, [
    [{ driverName: 'a' }, 'driverName: Forbidden: updates to driverName are forbidden.'],
    [{ 'parameters.iops': '6' }, 'parameters: Forbidden: updates to parameters are forbidden.'],
  ]);

  const driver = table('csidrivers', { spec: {} });
  onCreate(driver, [
    [
      { 'spec.fsGroupPolicy': 'Some' },
      'spec.fsGroupPolicy: Unsupported value: "Some": supported values: "File", "None", "ReadWriteOnceWithFSType"',
    ],
    [
      { 'spec.volumeLifecycleModes': ['Some'] },
      'spec.volumeLifecycleModes: Unsupported value: "Some": supported values: "Persistent", "Ephemeral"',
    ],
    [
      { 'spec.nodeAllocatableUpdatePeriodSeconds': 9 },
      'spec.nodeAllocatableUpdatePeriodSeconds: Invalid value: 9: must be greater than or equal to 10 seconds',
    ],
    [
      { 'spec.tokenRequests': [{ audience: 'a' }, { audience: 'a' }] },
      'spec.tokenRequests[1].audience: Duplicate value: "a"',
    ],
    [
      { 'spec.tokenRequests': [{ audience: 'a', expirationSeconds: 1 }] },
      'spec.tokenRequests[0].expirationSeconds: Invalid value: 1: may not specify a duration less than 10 minutes',
    ],
    [
      { 'spec.tokenRequests': [{ audience: 'a', expirationSeconds: 2 ** 33 }] },
      'spec.tokenRequests[0].expirationSeconds: Invalid value: 8589934592: may not specify a duration larger than 2^32 seconds',
    ],
  ]);
  onUpdate(driver, [
    [{ 'spec.podInfoOnMount': true }],
    [{ 'spec.attachRequired': false }, 'spec.attachedRequired: Invalid value: false: field is immutable'],
    [
      { 'spec.volumeLifecycleModes': ['Ephemeral'] },
      'spec.volumeLifecycleModes: Invalid value: ["Ephemeral"]: field is immutable',
    ],
  ]);

  const node = table('csinodes', { spec: { drivers: [{ name: 'a.example', nodeID: 'n', topologyKeys: ['zone'] }] } });
  onCreate(node, [
    [{ 'spec.drivers.0.nodeID': '' }, 'spec.drivers[0].nodeID: Required value'],
    [
      { 'spec.drivers.0.nodeID': 'n'.repeat(257) },
      `spec.drivers[0].nodeID: Invalid value: "${'n'.repeat(257)}": must be 256 characters or less`,
    ],
    [
      { 'spec.drivers.0.allocatable': { count: -1 } },
      'spec.drivers[0].allocatable.count: Invalid value: -1: must be greater than or equal to 0',
    ],
    [{ 'spec.drivers.0.topologyKeys': ['a', 'a'] }, 'spec.drivers[0]: Duplicate value: "a"'],
    [{ 'spec.drivers.1': { name: 'a.example', nodeID: 'm' } }, 'spec.drivers[1].name: Duplicate value: "a.example"'],
    [{ 'spec.drivers.0.name': 'a'.repeat(64) }, 'spec.drivers[0].name: Too long: may not be more than 63 bytes'],
  ]);
  onUpdate(node, [
    [{ 'spec.drivers.0.allocatable': { count: 3 } }],
    [
      { 'spec.drivers.0.nodeID': 'm' },
      'spec.drivers: Invalid value: {"name":"a.example","nodeID":"m","topologyKeys":["zone"]}: field is immutable',
    ],
  ]);

  const capacity = table('csistoragecapacities', { storageClassName: 'fast', capacity: '1Gi' });
  onCreate(capacity, [[{ capacity: '-1' }, 'capacity: Invalid value: "-1": must be greater than or equal to 0']]);
  onUpdate(capacity, [
    [{ capacity: '2Gi' }],
    [{ storageClassName: 'slow' }, 'storageClassName: Invalid value: "slow": field is immutable'],
    [{ nodeTopology: {} }, 'nodeTopology: Invalid value: {}: field is immutable'],
  ]);

  const source = { persistentVolumeName: 'pv' };
  const attachment = table('volumeattachments', { spec: { attacher: 'a.example', source, nodeName: 'n1' } });
  const inline = 'spec.source.inlineVolumeSpec';
  const one = 'must specify exactly one of inlineVolumeSpec and persistentVolumeName';
  onCreate(attachment, [
    [{ 'spec.source': {} }, `spec.source: Required value: ${one}`],
    [{ 'spec.source.inlineVolumeSpec': { accessModes: ['ReadWriteOnce'] } }, `spec.source: Forbidden: ${one}`],
    [
      {
        'spec.source': {
          inlineVolumeSpec: {
            accessModes: ['ReadWriteOnce'],
            persistentVolumeReclaimPolicy: 'Delete',
            nodeAffinity: { required: { nodeSelectorTerms: [] } },
            storageClassName: 'fast',
            volumeMode: 'Block',
            nfs: { server: 's', path: '/p' },
            volumeAttributesClassName: '',
          },
        },
      },
      `${inline}.csi: Required value: has to be specified in the context of inline volumes`,
      `${inline}.persistentVolumeReclaimPolicy: Forbidden: may only be Retain in the context of inline volumes`,
      `${inline}.nodeAffinity: Forbidden: may not be specified in the context of inline volumes`,
      `${inline}.storageClassName: Forbidden: may not be specified in the context of inline volumes`,
      `${inline}.volumeMode: Forbidden: may not specify volumeMode other than Filesystem in the context of inline volumes`,
      `${inline}.volumeAttributesClassName: Required value: an empty string is disallowed`,
      `${inline}.csi: Required value: has to be specified when using volumeAttributesClassName`,
    ],
    [
      {
        'spec.source': {
          inlineVolumeSpec: { capacity: { storage: '1Gi' }, csi: { driver: 'a.example', volumeHandle: 'h' } },
        },
      },
      'spec.source.inlineVolumeSpec.capacity: Forbidden: may not be specified in the context of inline volumes',
      'spec.source.inlineVolumeSpec.accessModes: Required value',
    ],
    [{ 'spec.attacher': 'a'.repeat(64) }, 'spec.attacher: Too long: may not be more than 63 bytes'],
  ]);
  onUpdate(attachment, [
    [
      { 'spec.nodeName': 'n2' },
      'spec: Invalid value: {"attacher":"a.example","source":{"persistentVolumeName":"pv"},"nodeName":"n2"}: field is immutable',
    ],
  ]);
  onStatus(attachment, [
    [{ 'status.attached': true }],
    [
      { 'status.attachError': { errorCode: -1 } },
      'status.attachError.errorCode: Invalid value: -1: must be between 0 and 2147483647, inclusive',
    ],
    [
      { 'status.detachError': { message: 'x'.repeat(1025) } },
      'status.detachError.message: Too long: may not be more than 262144 bytes',
    ],
  ]);
});
