import assert from 'node:assert/strict';
import { type Kind, kinds } from '../../../api/kinds.ts';
import type { KubeObject } from '../../../api/object.ts';
import { type Harness, startRegistry } from './harness.ts';

describe('registry: warnings', () => {
  let harness: Harness;
  before(async () => (harness = await startRegistry()));
  after(() => harness.stop());

  const template = { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'i' }] } };
  const workload = { selector: { matchLabels: { a: 'b' } }, template };
  const accessModes = ['ReadWriteOnce'];
  const cases: [string, Kind, object, string[]][] = [
    [
      'names of pods',
      kinds.deployments,
      { metadata: { name: 'a.b', namespace: 'default' }, spec: workload },
      [
        'metadata.name: this is used in Pod names and hostnames, which can result in surprising behavior; a DNS label is recommended: [must not contain dots]',
      ],
    ],
    [
      'a history without end',
      kinds.statefulsets,
      { spec: { ...workload, revisionHistoryLimit: -1 } },
      ['spec.revisionHistoryLimit: a negative value retains all historical revisions; a value >= 0 is recommended'],
    ],
    [
      'parts of bytes',
      kinds.persistentvolumeclaims,
      { spec: { accessModes, resources: { requests: { storage: '1500m' } } } },
      ['spec.resources.requests[storage]: fractional byte value "1500m" is invalid, must be an integer'],
    ],
    [
      'limits below requests',
      kinds.resourcequotas,
      { spec: { hard: { cpu: '2', 'limits.cpu': '1' } } },
      ['ResourceQuota cpu (2) should be less than limits.cpu (1)'],
    ],
    [
      'what is gone',
      kinds.persistentvolumes,
      {
        metadata: { name: 'v' },
        spec: {
          accessModes,
          capacity: { storage: '1Gi' },
          persistentVolumeReclaimPolicy: 'Recycle',
          rbd: { monitors: ['m'], image: 'i' },
        },
      },
      [
        'spec.persistentVolumeReclaimPolicy: The Recycle reclaim policy is deprecated. Instead, the recommended approach is to use dynamic provisioning.',
        'spec.rbd: deprecated in v1.28, non-functional in v1.31+',
      ],
    ],
    ['and nothing else', kinds.deployments, { spec: workload }, []],
  ];
  for (const [what, kind, object, expected] of cases) {
    it(`of ${what}`, async () => {
      const heard: string[] = [];
      const whole = { metadata: { name: 'x', namespace: 'default' }, ...object } as KubeObject;
      const resource = harness.registry.resource(kind);
      await resource.create(whole, { dryRun: true, warn: (text: string) => void heard.push(text) });
      assert.deepEqual(heard, expected);
    });
  }
});
