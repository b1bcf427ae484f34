import assert from 'node:assert/strict';
import { defaultClaim, defaultVolume, normalizeSources } from '../../../api/defaults/storage.ts';
import type { PersistentVolume, PersistentVolumeClaim } from '../../../api/types/core.v1.ts';
import { validateClaim, validateClaimStatus, validateClaimUpdate } from '../../../api/validation/storage/claim.ts';
import { validateVolume, validateVolumeUpdate } from '../../../api/validation/storage/volume.ts';
import { checkRules, checkUpdateRules, type Rule } from './rules.ts';

const NEGATIVE = 'must be greater than or equal to 0';

describe('validation of claims', () => {
  const good = {
    metadata: { name: 'x', namespace: 'default' },
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '2Gi' } } },
  } as unknown as PersistentVolumeClaim;

  it('says what is wrong', () => {
    checkRules(good, defaultClaim, validateClaim, [
      [{ 'spec.accessModes': undefined }, 'spec.accessModes: Required value: at least 1 access mode is required'],
      [
        { 'spec.accessModes': ['Often'] },
        'spec.accessModes: Unsupported value: "Often": supported values: "ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"',
      ],
      [
        { 'spec.accessModes': ['ReadWriteOncePod', 'ReadOnlyMany'] },
        'spec.accessModes: Forbidden: may not use ReadWriteOncePod with other access modes',
      ],
      [{ 'spec.resources': {} }, 'spec.resources[storage]: Required value'],
      [
        { 'spec.resources.requests.storage': '0' },
        'spec.resources[storage]: Invalid value: "0": must be greater than zero',
      ],
      [
        { 'spec.resources.requests.storage': '-1' },
        'spec.resources[storage]: Invalid value: "-1": must be greater than zero',
      ],
      [
        { 'spec.volumeMode': 'Tape' },
        'spec.volumeMode: Unsupported value: "Tape": supported values: "Block", "Filesystem"',
      ],
      [
        { 'spec.dataSource': { kind: 'Other', name: '' } },
        'spec.dataSource.name: Required value',
        'spec.dataSource: Invalid value: "Other": must be \'PersistentVolumeClaim\' when referencing the default apiGroup',
      ],
      [
        {
          'spec.dataSource': { kind: 'PersistentVolumeClaim', name: 'a' },
          'spec.dataSourceRef': { kind: 'PersistentVolumeClaim', name: 'b' },
        },
        'spec: Invalid value: "spec.dataSource": must match dataSourceRef',
      ],
    ]);
  });

  it('keeps what may not change', () => {
    const immutable =
      'spec: Forbidden: spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims';
    checkUpdateRules(good, defaultClaim, validateClaimUpdate, [
      [{ 'spec.volumeName': 'v' }],
      [{ 'spec.storageClassName': 'fast' }],
      [{ 'spec.resources.requests.storage': '3Gi' }, immutable],
      [{ 'spec.accessModes': ['ReadWriteMany'] }, immutable],
      [{ 'spec.volumeMode': 'Block' }, immutable, 'volumeMode: Invalid value: "Block": field is immutable'],
    ]);
    const bound = {
      ...good,
      spec: { ...good.spec, volumeName: 'v', storageClassName: 'fast' },
      status: { phase: 'Bound', capacity: { storage: '1Gi' } },
    };
    const tooSmall = 'spec.resources.requests.storage: Forbidden: field can not be less than status.capacity';
    checkUpdateRules(bound, defaultClaim, validateClaimUpdate, [
      [{ 'spec.resources.requests.storage': '3Gi', 'spec.volumeAttributesClassName': 'gold' }],
      [{ 'spec.resources.requests.storage': '1500Mi' }],
      [{ 'spec.resources.requests.storage': '1Gi' }, tooSmall],
      [{ 'spec.volumeName': 'w' }, immutable],
      [{ 'spec.storageClassName': 'slow' }, immutable],
    ]);
  });

  it('knows what can be in its status', () => {
    checkUpdateRules({ ...good, status: {} }, defaultClaim, validateClaimStatus, [
      [{ 'status.capacity': { storage: '-1' } }, `status.capacity[storage]: Invalid value: "-1": ${NEGATIVE}`],
      [
        { 'status.allocatedResources': { cpu: '1' } },
        'status.allocatedResources: Unsupported value: "cpu": supported values: "storage"',
      ],
      [
        { 'status.allocatedResourceStatuses': { storage: 'X' } },
        'status.allocatedResourceStatuses: Unsupported value: "storage": supported values: "ControllerResizeInProgress", "ControllerResizeInfeasible", "NodeResizeInProgress", "NodeResizeInfeasible", "NodeResizePending"',
      ],
    ]);
  });

  it('says where its content comes from in both fields', () => {
    const source = { kind: 'PersistentVolumeClaim', name: 'a' };
    const spec = { resources: {}, dataSource: source };
    normalizeSources(spec);
    assert.deepEqual(spec, { resources: {}, dataSource: source, dataSourceRef: source });
    const other = { resources: {}, dataSourceRef: { ...source, namespace: 'n' } };
    normalizeSources(other);
    assert.equal('dataSource' in other, false);
  });
});

describe('validation of volumes', () => {
  const good = {
    metadata: { name: 'x' },
    spec: { capacity: { storage: '1Gi' }, accessModes: ['ReadWriteOnce'], hostPath: { path: '/data' } },
  } as unknown as PersistentVolume;
  const node = { nodeSelectorTerms: [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: ['n'] }] }] };

  it('says what is wrong', () => {
    checkRules(good, defaultVolume, validateVolume, [
      [{ 'spec.accessModes': undefined }, 'spec.accessModes: Required value'],
      [
        { 'spec.capacity': undefined },
        'spec.capacity: Required value',
        'spec.capacity: Unsupported value: {}: supported values: "storage"',
      ],
      [{ 'spec.capacity': { storage: '0' } }, 'spec.capacity[storage]: Invalid value: "0": must be greater than zero'],
      [
        { 'spec.persistentVolumeReclaimPolicy': 'Burn' },
        'spec.persistentVolumeReclaimPolicy: Unsupported value: "Burn": supported values: "Delete", "Recycle", "Retain"',
      ],
      [{ 'spec.hostPath': undefined }, 'spec: Required value: must specify a volume type'],
      [{ 'spec.nfs': { server: 's', path: '/' } }, 'spec.nfs: Forbidden: may not specify more than 1 volume type'],
      [{ 'spec.hostPath': { path: '/..' } }, 'spec.hostPath.path: Invalid value: "/..": must not contain \'..\''],
      [
        { 'spec.hostPath': { path: '/' }, 'spec.persistentVolumeReclaimPolicy': 'Recycle' },
        "spec.persistentVolumeReclaimPolicy: Forbidden: may not be 'recycle' for a hostPath mount of '/'",
      ],
      [
        { 'spec.hostPath': undefined, 'spec.local': { path: '/d' } },
        'spec.nodeAffinity: Required value: Local volume requires node affinity',
      ],
      [{ 'spec.hostPath': undefined, 'spec.local': { path: '/d' }, 'spec.nodeAffinity': { required: node } }],
      [
        { 'spec.nodeAffinity': {} },
        'spec.nodeAffinity.required: Required value: must specify required node constraints',
      ],
      [
        { 'spec.volumeAttributesClassName': 'gold' },
        'spec.csi: Required value: has to be specified when using volumeAttributesClassName',
      ],
      [
        { 'metadata.annotations': { 'volume.beta.kubernetes.io/mount-options': 'ro' } },
        'metadata.annotations.volume.beta.kubernetes.io/mount-options: Forbidden: may not specify mount options for this volume type',
      ],
    ]);
  });

  it('knows each source', () => {
    const source = (name: string, value: object, ...expected: string[]): Rule => [
      { 'spec.hostPath': undefined, [`spec.${name}`]: value },
      ...expected.map((line) => `spec.${line}`),
    ];
    checkRules(good, defaultVolume, validateVolume, [
      source('csi', { driver: 'a.io', volumeHandle: 'h' }),
      source('csi', {}, 'csi.driver: Required value', 'csi.volumeHandle: Required value'),
      source(
        'csi',
        { driver: 'a.io', volumeHandle: 'h', nodePublishSecretRef: { name: 's' } },
        'csi.nodePublishSecretRef.namespace: Required value',
      ),
      source(
        'nfs',
        { server: '', path: 'rel' },
        'nfs.server: Required value',
        'nfs.path: Invalid value: "rel": must be an absolute path',
      ),
      source('gcePersistentDisk', { pdName: '' }, 'persistentDisk.pdName: Required value'),
      source(
        'awsElasticBlockStore',
        { volumeID: 'v', partition: 256 },
        'awsElasticBlockStore.partition: Invalid value: 256: must be between 1 and 255, inclusive',
      ),
      source(
        'iscsi',
        { targetPortal: 'p', iqn: 'x', lun: 0 },
        'iscsi.iqn: Invalid value: "x": must be valid format starting with iqn, eui, or naa',
      ),
      source('iscsi', { targetPortal: 'p', iqn: 'iqn.2015-02.a.b:c', lun: 0 }),
      source(
        'iscsi',
        { targetPortal: 'p', iqn: 'eui.1', lun: 300 },
        'iscsi.iqn: Invalid value: "eui.1": must be valid format',
        'iscsi.lun: Invalid value: 300: must be between 0 and 255, inclusive',
      ),
      source(
        'iscsi',
        { targetPortal: 'p', iqn: 'iqn.2015-02.a.b:c', lun: 0, chapAuthSession: true },
        'iscsi.secretRef: Required value',
      ),
      source('cinder', { volumeID: 'v', secretRef: { name: 's' } }, 'cinder.secretRef.namespace: Required value'),
      source('rbd', {}, 'rbd.monitors: Required value', 'rbd.image: Required value'),
      source('cephfs', {}, 'cephfs.monitors: Required value'),
      source(
        'glusterfs',
        { endpoints: 'e', path: 'p', endpointsNamespace: '' },
        'glusterfs.endpointsNamespace: Invalid value: "": if the endpointnamespace is set, it must be a valid namespace name',
      ),
      source('flocker', {}, 'flocker: Required value: one of datasetName and datasetUUID is required'),
      source('fc', {}, 'fc.targetWWNs: Required value: must specify either targetWWNs or wwids, but not both'),
      source('fc', { targetWWNs: ['a'] }, 'fc.lun: Required value: lun is required if targetWWNs is specified'),
      source(
        'quobyte',
        { registry: 'nowhere', volume: 'v' },
        'quobyte.registry: Invalid value: "nowhere": must be a host:port pair or multiple pairs separated by commas',
      ),
      source(
        'flexVolume',
        { driver: 'd', options: { 'kubernetes.io/a': 'b' } },
        'flexVolume.options[kubernetes.io/a]: Invalid value: "kubernetes.io/a": kubernetes.io and k8s.io namespaces are reserved',
      ),
      source(
        'azureDisk',
        { diskName: 'd', diskURI: 'x', kind: 'Managed' },
        'azureDisk.diskURI: Unsupported value: "x": supported values: "/subscriptions/{sub-id}/resourcegroups/{group-name}/providers/microsoft.compute/disks/{disk-id}"',
      ),
      source('azureFile', { secretName: 's' }, 'azureFile.shareName: Required value'),
      source('vsphereVolume', {}, 'vsphereVolume.volumePath: Required value'),
      source('scaleIO', { gateway: 'g', system: 's' }, 'scaleIO.volumeName: Required value'),
      source('portworxVolume', {}, 'portworxVolume.volumeID: Required value'),
      source('photonPersistentDisk', {}, 'photonPersistentDisk.pdID: Required value'),
      source(
        'storageos',
        { volumeName: 'v', volumeNamespace: 'a.b' },
        'storageos.volumeNamespace: Invalid value: "a.b": must not contain dots',
      ),
    ]);
  });

  it('keeps what may not change', () => {
    const immutable = 'spec.persistentvolumesource: Forbidden: spec.persistentvolumesource is immutable after creation';
    checkUpdateRules(good, defaultVolume, validateVolumeUpdate, [
      [{ 'spec.capacity.storage': '2Gi', 'spec.nodeAffinity': { required: node } }],
      [{ 'spec.hostPath.path': '/other' }, immutable],
      [{ 'spec.volumeMode': 'Block' }, 'volumeMode: Invalid value: "Block": field is immutable'],
    ]);
    const driven = {
      ...good,
      spec: {
        capacity: { storage: '1Gi' },
        accessModes: ['ReadWriteOnce'],
        csi: { driver: 'a.io', volumeHandle: 'h' },
        nodeAffinity: { required: node },
        volumeAttributesClassName: 'gold',
      },
    } as unknown as PersistentVolume;
    checkUpdateRules(driven, defaultVolume, validateVolumeUpdate, [
      [{ 'spec.csi.controllerExpandSecretRef': { name: 's', namespace: 'n' } }],
      [{ 'spec.csi.volumeHandle': 'i' }, immutable],
      [
        { 'spec.nodeAffinity': undefined },
        'nodeAffinity: Invalid value: null: field is immutable, except for updating from beta label to GA',
      ],
      [
        { 'spec.volumeAttributesClassName': undefined },
        'spec.volumeAttributesClassName: Forbidden: update from non-nil value to nil is forbidden',
      ],
    ]);
  });
});
