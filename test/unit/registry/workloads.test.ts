import assert from 'node:assert/strict';
import { kinds } from '../../../api/kinds.ts';
import type { DaemonSet } from '../../../api/types/apps.v1.ts';
import type { PersistentVolume, PersistentVolumeClaim, ReplicationController } from '../../../api/types/core.v1.ts';
import type { Job } from '../../../api/types/batch.v1.ts';
import { mutateScale } from '../../../control-plane/registry/scale.ts';
import { type Harness, startRegistry } from './harness.ts';

const metadata = { name: 'x', namespace: 'default' };
const template = { metadata: { labels: { app: 'a' } }, spec: { containers: [{ name: 'c', image: 'i' }] } };

describe('registry: workloads', () => {
  let harness: Harness;

  before(async () => {
    harness = await startRegistry();
  });

  after(() => harness.stop());

  describe('jobs', () => {
    const jobOf = (spec: object): Job =>
      ({
        metadata,
        spec: { template: { ...template, spec: { ...template.spec, restartPolicy: 'Never' } }, ...spec },
      }) as unknown as Job;

    it('select the pods with their own uid, and leave their dependents alone when deleted', async () => {
      const jobs = harness.registry.resource(kinds.jobs);
      const job = await jobs.create(jobOf({}));
      const { uid } = job.metadata;
      assert.ok(uid);
      assert.deepEqual(job.spec.selector, { matchLabels: { 'batch.kubernetes.io/controller-uid': uid } });
      assert.deepEqual(job.spec.template.metadata?.labels, {
        app: 'a',
        'batch.kubernetes.io/controller-uid': uid,
        'batch.kubernetes.io/job-name': 'x',
        'controller-uid': uid,
        'job-name': 'x',
      });
      assert.deepEqual(job.metadata.labels, { app: 'a' });
      assert.equal(job.metadata.generation, 1);
      const { object } = await jobs.remove('default', 'x');
      assert.deepEqual(object.metadata.finalizers, ['orphan']);
      const released = await jobs.remove('default', 'x', { propagationPolicy: 'Background' });
      assert.equal(released.removed, true);
    });

    it('keep a selector that was chosen, and refuse one that could find the pods of others', async () => {
      const jobs = harness.registry.resource(kinds.jobs);
      const selector = { matchLabels: { app: 'a' } };
      const job = await jobs.create(jobOf({ manualSelector: true, selector }), { dryRun: true });
      assert.deepEqual(job.spec.selector, selector);
      await assert.rejects(
        jobs.create(jobOf({ selector: { matchLabels: { 'job-name': 'other' } } }), { dryRun: true }),
        {
          code: 422,
          message: /`selector` does not match template `labels`/,
        },
      );
    });
  });

  it('daemon sets count the changes of their template', async () => {
    const daemonSets = harness.registry.resource(kinds.daemonsets);
    const spec = { selector: { matchLabels: { app: 'a' } }, template };
    const made = await daemonSets.create({ metadata, spec } as unknown as DaemonSet);
    const generationOf = ({ metadata: { annotations, generation } }: DaemonSet): unknown[] => [
      annotations?.['deprecated.daemonset.template.generation'],
      generation,
    ];
    assert.deepEqual(generationOf(made), ['1', 1]);
    const change =
      (image: string, more: object) =>
      (current: DaemonSet): DaemonSet => ({
        ...current,
        metadata: { ...current.metadata, annotations: {} },
        spec: {
          ...current.spec,
          ...more,
          template: {
            ...current.spec.template,
            spec: {
              ...current.spec.template.spec,
              containers: [{ ...current.spec.template.spec.containers[0]!, image }],
            },
          },
        },
      });
    assert.deepEqual(generationOf(await daemonSets.mutate('default', 'x', change('i', { minReadySeconds: 1 }))), [
      '1',
      2,
    ]);
    assert.deepEqual(generationOf(await daemonSets.mutate('default', 'x', change('j', {}))), ['2', 3]);
  });

  it('volumes tell since when they have been in a phase', async () => {
    const { clock, registry } = harness;
    const volumes = registry.resource(kinds.persistentvolumes);
    const spec = { capacity: { storage: '1Gi' }, accessModes: ['ReadWriteOnce'], hostPath: { path: '/d' } };
    const made = await volumes.create({ metadata: { name: 'v' }, spec } as unknown as PersistentVolume);
    assert.deepEqual(made.status, { phase: 'Pending', lastPhaseTransitionTime: made.metadata.creationTimestamp });
    clock.stall(60_000);
    const status = (phase: string) => (current: PersistentVolume) => ({ ...current, status: { phase } });
    const pending = await volumes.mutate('', 'v', status('Pending'), { subresource: 'status' });
    assert.equal(pending.status.lastPhaseTransitionTime, made.metadata.creationTimestamp);
    const bound = await volumes.mutate('', 'v', status('Bound'), { subresource: 'status' });
    assert.notEqual(bound.status.lastPhaseTransitionTime, made.metadata.creationTimestamp);
  });

  it('claims ignore sources that the older field never knew', async () => {
    const claims = harness.registry.resource(kinds.persistentvolumeclaims);
    const spec = {
      accessModes: ['ReadWriteOnce'],
      resources: { requests: { storage: '1Gi' } },
      dataSource: { apiGroup: 'a.io', kind: 'Thing', name: 't' },
    };
    const claim = await claims.create({ metadata, spec } as unknown as PersistentVolumeClaim);
    assert.equal(claim.spec.dataSource, undefined);
    assert.deepEqual(claim.status, { phase: 'Pending' });
  });

  it('the replicas of a controller whose selector is a map can be scaled', async () => {
    const controllers = harness.registry.resource(kinds.replicationcontrollers);
    await controllers.create({ metadata, spec: { template } } as unknown as ReplicationController);
    const scale = await mutateScale(controllers, 'default', 'x', (current) => ({ ...current, spec: { replicas: 3 } }));
    assert.equal(scale.status.selector, 'app=a');
    assert.equal(scale.spec.replicas, 3);
  });
});
