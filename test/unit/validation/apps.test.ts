import assert from 'node:assert/strict';
import { defaultDaemonSet, defaultStatefulSet } from '../../../api/defaults/workloads.ts';
import type { ControllerRevision, DaemonSet, StatefulSet } from '../../../api/types/apps.v1.ts';
import {
  validateControllerRevision,
  validateControllerRevisionUpdate,
} from '../../../api/validation/apps/controllerrevision.ts';
import {
  validateDaemonSet,
  validateDaemonSetStatus,
  validateDaemonSetUpdate,
} from '../../../api/validation/apps/daemonset.ts';
import {
  validateStatefulSet,
  validateStatefulSetStatus,
  validateStatefulSetUpdate,
} from '../../../api/validation/apps/statefulset.ts';
import { changed, checkRules, checkUpdateRules } from './rules.ts';

const metadata = { name: 'x', namespace: 'default' };
const NEGATIVE = 'must be greater than or equal to 0';

const workload = (): { metadata: object; spec: object } => ({
  metadata,
  spec: {
    selector: { matchLabels: { app: 'a' } },
    template: { metadata: { labels: { app: 'a' } }, spec: { containers: [{ name: 'c', image: 'i' }] } },
  },
});

describe('validation of stateful sets', () => {
  const good = workload() as unknown as StatefulSet;

  it('fills in what was left out', () => {
    const set = workload() as unknown as StatefulSet;
    set.spec.volumeClaimTemplates = [{ metadata: { name: 'data' }, spec: {} }] as never;
    defaultStatefulSet(set);
    const { template: _template, selector: _selector, ...rest } = set.spec;
    assert.deepEqual(rest, {
      podManagementPolicy: 'OrderedReady',
      updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 0, maxUnavailable: 1 } },
      persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Retain', whenScaled: 'Retain' },
      replicas: 1,
      revisionHistoryLimit: 10,
      volumeClaimTemplates: [
        {
          apiVersion: 'v1',
          kind: 'PersistentVolumeClaim',
          metadata: { name: 'data' },
          spec: { resources: {}, volumeMode: 'Filesystem' },
          status: { phase: 'Pending' },
        },
      ],
    });
  });

  it('says what is wrong', () => {
    const labels = 'spec.template.metadata.labels: Invalid value';
    const claim = { metadata: { name: 'data' }, spec: {} };
    checkRules(good, defaultStatefulSet, validateStatefulSet, [
      [
        { 'spec.podManagementPolicy': 'Any' },
        "spec.podManagementPolicy: Invalid value: \"Any\": must be 'OrderedReady' or 'Parallel'",
      ],
      [
        { 'spec.updateStrategy': { type: 'Any' } },
        'spec.updateStrategy: Invalid value: {"type":"Any"}: must be \'RollingUpdate\' or \'OnDelete\'',
      ],
      [
        { 'spec.updateStrategy': { type: 'OnDelete', rollingUpdate: {} } },
        "spec.updateStrategy.rollingUpdate: Invalid value: {}: only allowed for updateStrategy 'RollingUpdate'",
      ],
      [
        { 'spec.updateStrategy': { rollingUpdate: { partition: -1, maxUnavailable: 0 } } },
        `spec.updateStrategy.rollingUpdate.partition: Invalid value: -1: ${NEGATIVE}`,
        'spec.updateStrategy.rollingUpdate.maxUnavailable: Invalid value: 0: cannot be 0',
      ],
      [
        { 'spec.updateStrategy': { rollingUpdate: { maxUnavailable: '101%' } } },
        'spec.updateStrategy.rollingUpdate.maxUnavailable: Invalid value: "101%": must not be greater than 100%',
      ],
      [
        { 'spec.persistentVolumeClaimRetentionPolicy': { whenScaled: 'Keep' } },
        'spec.persistentVolumeClaimRetentionPolicy.whenScaled: Unsupported value: "Keep": supported values: "Retain", "Delete"',
      ],
      [{ 'spec.replicas': -1 }, `spec.replicas: Invalid value: -1: ${NEGATIVE}`],
      [{ 'spec.minReadySeconds': -1 }, `spec.minReadySeconds: Invalid value: -1: ${NEGATIVE}`],
      [{ 'spec.ordinals': { start: -1 } }, `spec.ordinals.start: Invalid value: -1: ${NEGATIVE}`],
      [{ 'spec.serviceName': 'a.b' }, 'spec.serviceName: Invalid value: "a.b": must not contain dots'],
      [
        { 'spec.selector': undefined },
        'spec.selector: Required value',
        `${labels}: {"app":"a"}: \`selector\` does not match template \`labels\``,
      ],
      [{ 'spec.selector': {} }, 'spec.selector: Invalid value: {}: empty selector is invalid for statefulset'],
      [
        {
          'spec.selector': { matchExpressions: [{ key: 'app', operator: 'Is' }] },
          'spec.template.spec.containers': [],
        },
        'spec.selector.matchExpressions[0].operator: Invalid value: "Is": not a valid selector operator',
        'spec.selector: Invalid value: {"matchExpressions":[{"key":"app","operator":"Is"}]}',
      ],
      [
        { 'spec.serviceName': 'a.b', 'spec.replicas': -1, 'spec.volumeClaimTemplates': [claim] },
        'spec.volumeClaimTemplates[0].spec.accessModes: Required value: at least 1 access mode is required',
        'spec.volumeClaimTemplates[0].spec.resources[storage]: Required value',
        `spec.replicas: Invalid value: -1: ${NEGATIVE}`,
        'spec.serviceName: Invalid value: "a.b": must not contain dots',
      ],
      [
        { 'spec.selector.matchLabels.app': 'b' },
        `${labels}: {"app":"a"}: \`selector\` does not match template \`labels\``,
      ],
      [
        { 'spec.template.spec.restartPolicy': 'Never', 'spec.template.spec.activeDeadlineSeconds': 1 },
        'spec.template.spec.restartPolicy: Unsupported value: "Never": supported values: "Always"',
        'spec.template.spec.activeDeadlineSeconds: Forbidden: activeDeadlineSeconds in StatefulSet is not Supported',
      ],
      [
        { 'spec.volumeClaimTemplates': [{ metadata: { name: 'data' }, spec: {} }] },
        'spec.volumeClaimTemplates[0].spec.accessModes: Required value: at least 1 access mode is required',
        'spec.volumeClaimTemplates[0].spec.resources[storage]: Required value',
      ],
    ]);
  });

  it('lets containers mount the claims of its templates', () => {
    const claim = {
      metadata: { name: 'data' },
      spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
    };
    const mounts = [{ name: 'data', mountPath: '/data' }];
    checkRules(good, defaultStatefulSet, validateStatefulSet, [
      [{ 'spec.template.spec.containers.0.volumeMounts': mounts, 'spec.volumeClaimTemplates': [claim] }],
      [
        { 'spec.template.spec.containers.0.volumeMounts': mounts },
        'spec.template.spec.containers[0].volumeMounts[0].name: Not found: "data"',
      ],
    ]);
  });

  it('keeps what may not change', () => {
    const forbidden =
      "spec: Forbidden: updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden";
    checkUpdateRules(good, defaultStatefulSet, validateStatefulSetUpdate, [
      [{ 'spec.replicas': 3, 'spec.template.spec.containers.0.image': 'j', 'spec.minReadySeconds': 4 }],
      [
        { 'spec.revisionHistoryLimit': 1, 'spec.ordinals': { start: 1 }, 'spec.updateStrategy.type': 'OnDelete' },
        'spec.updateStrategy.rollingUpdate: Invalid value: {"partition":0,"maxUnavailable":1}: only allowed for updateStrategy \'RollingUpdate\'',
      ],
      [{ 'spec.serviceName': 'other' }, forbidden],
      [{ 'spec.podManagementPolicy': 'Parallel' }, forbidden],
    ]);
  });

  it('lets a set keep a template that was wrong already', () => {
    const wrong = changed(good, { 'spec.template.spec.containers.0.image': '' });
    checkUpdateRules(wrong, defaultStatefulSet, validateStatefulSetUpdate, [
      [{ 'spec.replicas': 3 }],
      [{ 'spec.replicas': -1 }, `spec.replicas: Invalid value: -1: ${NEGATIVE}`],
    ]);
    checkUpdateRules(good, defaultStatefulSet, validateStatefulSetUpdate, [
      [{ 'spec.template.spec.containers.0.image': '' }, 'spec.template.spec.containers[0].image: Required value'],
    ]);
  });

  it('knows what can be in its status', () => {
    checkUpdateRules(
      { ...good, status: { replicas: 1, availableReplicas: 0, collisionCount: 2 } },
      defaultStatefulSet,
      validateStatefulSetStatus,
      [
        [
          { 'status.replicas': -1 },
          `status.replicas: Invalid value: -1: ${NEGATIVE}`,
          'status.readyReplicas: Invalid value: 0: cannot be greater than status.replicas',
          'status.currentReplicas: Invalid value: 0: cannot be greater than status.replicas',
          'status.updatedReplicas: Invalid value: 0: cannot be greater than status.replicas',
          'status.availableReplicas: Invalid value: 0: cannot be greater than status.replicas',
        ],
        [
          { 'status.updatedReplicas': 2 },
          'status.updatedReplicas: Invalid value: 2: cannot be greater than status.replicas',
        ],
        [
          { 'status.availableReplicas': 1 },
          'status.availableReplicas: Invalid value: 1: cannot be greater than status.readyReplicas',
        ],
        [{ 'status.collisionCount': 1 }, 'status.collisionCount: Invalid value: 1: cannot be decremented'],
      ],
    );
  });
});

describe('validation of daemon sets', () => {
  const good = workload() as unknown as DaemonSet;

  it('fills in what was left out', () => {
    const set = workload() as unknown as DaemonSet;
    defaultDaemonSet(set);
    assert.deepEqual(set.spec.updateStrategy, {
      type: 'RollingUpdate',
      rollingUpdate: { maxUnavailable: 1, maxSurge: 0 },
    });
    assert.equal(set.spec.revisionHistoryLimit, 10);
  });

  it('says what is wrong', () => {
    const update = 'spec.updateStrategy.rollingUpdate';
    const mismatch = '`selector` does not match template `labels`';
    checkRules(good, defaultDaemonSet, validateDaemonSet, [
      [{ 'spec.selector': undefined }, `spec.template.metadata.labels: Invalid value: {"app":"a"}: ${mismatch}`],
      [{ 'spec.selector': {} }, 'spec.selector: Invalid value: {}: empty selector is invalid for daemonset'],
      [
        { 'spec.template.spec.restartPolicy': 'OnFailure' },
        'spec.template.spec.restartPolicy: Unsupported value: "OnFailure": supported values: "Always"',
      ],
      [
        { 'spec.template.spec.activeDeadlineSeconds': 9 },
        'spec.template.spec.activeDeadlineSeconds: Forbidden: activeDeadlineSeconds in DaemonSet is not Supported',
      ],
      [{ 'spec.minReadySeconds': -1 }, `spec.minReadySeconds: Invalid value: -1: ${NEGATIVE}`],
      [{ 'spec.revisionHistoryLimit': -1 }, `spec.revisionHistoryLimit: Invalid value: -1: ${NEGATIVE}`],
      [
        { 'spec.updateStrategy': { type: 'X' } },
        'spec.updateStrategy: Unsupported value: {"type":"X"}: supported values: "RollingUpdate", "OnDelete"',
      ],
      [{ 'spec.updateStrategy': { type: 'OnDelete' } }],
      [
        { 'spec.updateStrategy': { rollingUpdate: { maxUnavailable: 0 } } },
        `${update}.maxUnavailable: Required value: cannot be 0 when maxSurge is 0`,
      ],
      [
        { 'spec.updateStrategy': { rollingUpdate: { maxSurge: '10%' } } },
        `${update}.maxSurge: Invalid value: "10%": may not be set when maxUnavailable is non-zero`,
      ],
      [
        { 'spec.updateStrategy': { rollingUpdate: { maxUnavailable: '200%' } } },
        `${update}.maxUnavailable: Invalid value: "200%": must not be greater than 100%`,
      ],
    ]);
  });

  it('keeps its selector, and counts in its status', () => {
    checkUpdateRules(good, defaultDaemonSet, validateDaemonSetUpdate, [
      [{ 'spec.template.spec.containers.0.image': 'j' }],
      [
        { 'spec.selector.matchLabels.app': 'b' },
        'spec.selector: Invalid value: {"matchLabels":{"app":"b"}}: field is immutable',
        'spec.template.metadata.labels: Invalid value: {"app":"a"}: `selector` does not match template `labels`',
      ],
    ]);
    checkUpdateRules(
      { ...good, status: { collisionCount: 1 } } as unknown as DaemonSet,
      defaultDaemonSet,
      validateDaemonSetStatus,
      [
        [{ 'status.numberReady': -1 }, `status.numberReady: Invalid value: -1: ${NEGATIVE}`],
        [{ 'status.collisionCount': undefined }, 'status.collisionCount: Invalid value: 0: cannot be decremented'],
      ],
    );
  });
});

describe('validation of controller revisions', () => {
  const good = { metadata, data: { a: 1 }, revision: 1 } as unknown as ControllerRevision;

  it('wants data, which stays', () => {
    checkRules(good, () => {}, validateControllerRevision, [
      [{ data: undefined }, 'data: Required value: data is mandatory'],
      [{ data: null }, 'data: Required value: data is mandatory'],
      [{ data: [] }, 'data: Required value: data must be a valid JSON object'],
      [{ revision: -1 }, `revision: Invalid value: -1: ${NEGATIVE}`],
    ]);
    checkUpdateRules(good, () => {}, validateControllerRevisionUpdate, [
      [{ revision: 2 }],
      [{ revision: -1 }, `revision: Invalid value: -1: ${NEGATIVE}`],
      [{ 'data.a': 2 }, 'data: Invalid value: {"a":2}: field is immutable'],
    ]);
  });
});
