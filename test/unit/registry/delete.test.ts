import assert from 'node:assert/strict';
import { kinds } from '../../../api/kinds.ts';
import { evictionOf } from '../../../api/machinery/eviction.ts';
import type { Pod } from '../../../api/types/core.v1.ts';
import { bindPod } from '../../../control-plane/registry/binding.ts';
import { evictPod } from '../../../control-plane/registry/eviction.ts';
import type { GenericResource } from '../../../control-plane/registry/resource.ts';
import { type Harness, podNamed, startRegistry } from './harness.ts';

describe('registry: delete', () => {
  let harness: Harness;
  let pods: GenericResource<Pod>;
  beforeEach(async () => {
    harness = await startRegistry();
    pods = harness.registry.resource(kinds.pods);
  });
  afterEach(() => harness.stop());

  const onNode = async (name: string, metadata: object = {}): Promise<Pod> => {
    await pods.create({ ...podNamed(name), metadata: { name, namespace: 'default', ...metadata } });
    const binding = { metadata: { name, namespace: 'default' }, target: { kind: 'Node', name: 'n1' } };
    return bindPod(pods, binding, harness.clock.date());
  };

  it('removes an unscheduled pod at once and gives one on a node its grace', async () => {
    await pods.create(podNamed('a'));
    assert.equal((await pods.remove('default', 'a')).removed, true);
    await assert.rejects(pods.get('default', 'a'), { reason: 'NotFound' });
    await onNode('b');
    const { object, removed } = await pods.remove('default', 'b');
    assert.equal(removed, false);
    assert.equal(object.metadata.deletionGracePeriodSeconds, 30);
    assert.equal(object.metadata.deletionTimestamp, '2026-01-01T00:00:30Z');
    assert.equal(object.metadata.generation, 2);
  });

  it('lets the grace be shortened, not lengthened, and ends with grace 0', async () => {
    await onNode('a');
    await pods.delete('default', 'a');
    harness.clock.advance(5000);
    const same = await pods.delete('default', 'a', { gracePeriodSeconds: 60 });
    assert.equal(same.metadata.deletionTimestamp, '2026-01-01T00:00:30Z');
    const shorter = await pods.delete('default', 'a', { gracePeriodSeconds: 10 });
    assert.equal(shorter.metadata.deletionTimestamp, '2026-01-01T00:00:10Z');
    assert.equal(shorter.metadata.deletionGracePeriodSeconds, 10);
    harness.clock.advance(60_000);
    const late = await pods.delete('default', 'a', { gracePeriodSeconds: 5 });
    assert.equal(late.metadata.deletionTimestamp, '2026-01-01T00:01:05Z');
    assert.equal(late.metadata.deletionGracePeriodSeconds, 1);
    assert.equal((await pods.remove('default', 'a', { gracePeriodSeconds: 0 })).removed, true);
  });

  it('waits for finalizers; emptying them removes what is being deleted', async () => {
    const maps = harness.registry.resource(kinds.configmaps);
    const metadata = { name: 'm', namespace: 'default', finalizers: ['example.org/hold'] };
    await maps.create({ metadata });
    const { object, removed } = await maps.remove('default', 'm');
    assert.equal(removed, false);
    assert.equal(object.metadata.deletionGracePeriodSeconds, 0);
    const added = { ...object, metadata: { ...object.metadata, finalizers: ['example.org/hold', 'example.org/more'] } };
    await assert.rejects(maps.update(added), { reason: 'Invalid' });
    await maps.update({ ...object, metadata: { ...object.metadata, finalizers: [] } });
    await assert.rejects(maps.get('default', 'm'), { reason: 'NotFound' });
  });

  it('keeps a pod whose finalizers are emptied until its grace is over', async () => {
    await onNode('a', { finalizers: ['example.org/hold'] });
    const marked = await pods.delete('default', 'a');
    await pods.update({ ...marked, metadata: { ...marked.metadata, finalizers: [] } });
    assert.equal((await pods.get('default', 'a')).metadata.deletionGracePeriodSeconds, 30);
    assert.equal((await pods.remove('default', 'a', { gracePeriodSeconds: 0 })).removed, true);
  });

  it('tells the garbage collector by finalizers how dependents are to go', async () => {
    const maps = harness.registry.resource(kinds.configmaps);
    await maps.create({ metadata: { name: 'm', namespace: 'default' } });
    const foreground = await maps.delete('default', 'm', { propagationPolicy: 'Foreground' });
    assert.deepEqual(foreground.metadata.finalizers, ['foregroundDeletion']);
    assert.ok(foreground.metadata.deletionTimestamp);
    const orphan = await maps.delete('default', 'm', { propagationPolicy: 'Orphan' });
    assert.deepEqual(orphan.metadata.finalizers, ['orphan']);
    assert.equal((await maps.remove('default', 'm', { propagationPolicy: 'Background' })).removed, true);
  });

  it('holds preconditions', async () => {
    const pod = await onNode('a');
    const wrongUid = pods.delete('default', 'a', { preconditions: { uid: 'other' } });
    await assert.rejects(wrongUid, (error: Error) => {
      assert.match(
        error.message,
        /^Operation cannot be fulfilled on Pod "a": the UID in the precondition \(other\) does not match/,
      );
      return true;
    });
    await assert.rejects(pods.delete('default', 'a', { preconditions: { resourceVersion: '1' } }), {
      reason: 'Conflict',
    });
    const resourceVersion = pod.metadata.resourceVersion ?? '';
    await pods.delete('default', 'a', { preconditions: { resourceVersion }, gracePeriodSeconds: 0 });
    await assert.rejects(pods.delete('default', 'a'), { reason: 'NotFound' });
  });

  it('deletes only while the store has no such key, whatever the views say', async () => {
    const absent = '/dure/sessions/n1';
    await onNode('a');
    await onNode('b', { finalizers: ['example.org/hold'] });
    const held = await harness.store.write({ key: absent, expected: 0, value: Buffer.from('server') });
    for (const name of ['a', 'b']) {
      const refused = pods.remove('default', name, { gracePeriodSeconds: 0, absent });
      await assert.rejects(refused, { reason: 'Conflict', message: /\/dure\/sessions\/n1/ });
      assert.equal((await pods.get('default', name)).metadata.deletionTimestamp, undefined);
    }
    await harness.store.write({ key: absent, expected: held.ok ? held.revision : 0, value: null });
    assert.equal((await pods.remove('default', 'a', { gracePeriodSeconds: 0, absent })).removed, true);
    assert.equal((await pods.remove('default', 'b', { gracePeriodSeconds: 0, absent })).removed, false);
  });

  it('deletes nothing on a dry run', async () => {
    await onNode('a');
    const { object } = await pods.remove('default', 'a', { dryRun: true });
    assert.ok(object.metadata.deletionTimestamp);
    assert.equal((await pods.get('default', 'a')).metadata.deletionTimestamp, undefined);
  });

  it('deletes collections by what matches', async () => {
    const maps = harness.registry.resource(kinds.configmaps);
    for (let index = 0; index < 40; index++) {
      await maps.create({ metadata: { name: `m${index}`, namespace: index % 2 ? 'default' : 'kube-system' } });
    }
    const deleted = await maps.deleteCollection('default', ({ metadata }) => metadata.name !== 'm1');
    assert.equal(deleted.length, 19);
    await maps.cache.whenFresh();
    const left = await maps.cache.list('default');
    assert.deepEqual(
      left.map(({ key }) => key),
      ['default/m1'],
    );
    assert.equal((await maps.cache.list('kube-system')).length, 20);
  });

  it('ends a namespace in two steps, and never those that all else needs', async () => {
    const namespaces = harness.registry.resource(kinds.namespaces);
    const made = await namespaces.create({ metadata: { name: 'n' } } as never);
    assert.deepEqual(made.spec.finalizers, ['kubernetes']);
    assert.equal(made.status.phase, 'Active');
    assert.deepEqual(made.metadata.labels, { 'kubernetes.io/metadata.name': 'n' });
    const ending = await namespaces.delete('', 'n');
    assert.equal(ending.status.phase, 'Terminating');
    await namespaces.update({ ...ending, spec: {} });
    assert.deepEqual((await namespaces.get('', 'n')).spec.finalizers, ['kubernetes']);
    await namespaces.rewrite('', 'n', (current) => ({ ...current, spec: {} }));
    await assert.rejects(namespaces.get('', 'n'), { reason: 'NotFound' });
    await assert.rejects(namespaces.delete('', 'default'), { reason: 'Forbidden' });
  });
});

describe('registry: binding and eviction', () => {
  let harness: Harness;
  let pods: GenericResource<Pod>;
  beforeEach(async () => {
    harness = await startRegistry();
    pods = harness.registry.resource(kinds.pods);
  });
  afterEach(() => harness.stop());

  const binding = (more: object = {}, target: object = { kind: 'Node', name: 'n1' }) => ({
    metadata: { name: 'a', namespace: 'default', ...more },
    target,
  });
  const now = new Date('2026-01-01T00:00:00Z');

  it('gives a pod its node once', async () => {
    await pods.create(podNamed('a'));
    const pod = await bindPod(pods, binding({ annotations: { why: 'room' } }), now);
    assert.equal(pod.spec.nodeName, 'n1');
    assert.equal(pod.metadata.annotations?.['why'], 'room');
    assert.equal(pod.metadata.generation, 1);
    const scheduled = { type: 'PodScheduled', status: 'True', lastTransitionTime: '2026-01-01T00:00:00Z' };
    assert.deepEqual(pod.status.conditions, [scheduled]);
    await assert.rejects(bindPod(pods, binding(), now), {
      reason: 'Conflict',
      message: 'Operation cannot be fulfilled on pods/binding "a": pod a is already assigned to node "n1"',
    });
  });

  it('binds only one of two that bind at once', async () => {
    await pods.create(podNamed('a'));
    const results = await Promise.allSettled(
      ['n1', 'n2', 'n3'].map((name) => bindPod(pods, binding({}, { name }), now)),
    );
    assert.equal(results.filter(({ status }) => status === 'fulfilled').length, 1);
  });

  it('refuses another pod of the name and a binding to nothing', async () => {
    await pods.create(podNamed('a'));
    await assert.rejects(bindPod(pods, binding({ uid: 'other' }), now), { reason: 'Conflict' });
    await assert.rejects(bindPod(pods, binding({}, { kind: 'Pod', name: 'x' }), now), { reason: 'Invalid' });
    await assert.rejects(bindPod(pods, binding({}, {}), now), { reason: 'Invalid' });
  });

  const evicting = () => ({ pods, budgets: harness.registry.resource(kinds.poddisruptionbudgets) });

  it('evicts with the options the eviction carries', async () => {
    await pods.create(podNamed('a'));
    await bindPod(pods, binding(), now);
    const metadata = { name: 'a', namespace: 'default' };
    await assert.rejects(evictPod(evicting(), { metadata, deleteOptions: { preconditions: { uid: 'other' } } }, now), {
      reason: 'Conflict',
    });
    assert.equal(
      (await evictPod(evicting(), { metadata, deleteOptions: { gracePeriodSeconds: 7 } }, now)).status,
      'Success',
    );
    const pending = await pods.get('default', 'a');
    assert.equal(pending.metadata.deletionGracePeriodSeconds, 7);
    assert.ok(!pending.status.conditions?.some(({ type }) => type === 'DisruptionTarget'));
    await assert.rejects(evictPod(evicting(), { metadata, deleteOptions: { propagationPolicy: 'Odd' } }, now), {
      reason: 'BadRequest',
    });
  });

  it('says of a running pod that it was evicted, in the version that was asked for', async () => {
    await pods.create(podNamed('a'));
    await bindPod(pods, binding(), now);
    const metadata = { name: 'a', namespace: 'default' };
    const run = (pod: Pod): Pod => ({ ...pod, status: { ...pod.status, phase: 'Running' } });
    const before = await pods.mutate('default', 'a', run, { subresource: 'status' });
    const preconditions = { resourceVersion: before.metadata.resourceVersion ?? '' };
    await evictPod(evicting(), { metadata, deleteOptions: { dryRun: ['All'] } }, now);
    assert.deepEqual(await pods.get('default', 'a'), before);
    await evictPod(evicting(), { metadata, deleteOptions: { preconditions } }, now);
    const evicted = await pods.get('default', 'a');
    assert.ok(evicted.metadata.deletionTimestamp);
    assert.deepEqual(
      evicted.status.conditions?.find(({ type }) => type === 'DisruptionTarget'),
      {
        type: 'DisruptionTarget',
        status: 'True',
        reason: 'EvictionByEvictionAPI',
        message: 'Eviction API: evicting',
        lastTransitionTime: '2026-01-01T00:00:00Z',
      },
    );
    await assert.rejects(evictPod(evicting(), { metadata, deleteOptions: { preconditions } }, now), {
      reason: 'Conflict',
    });
  });

  for (const [apiVersion, kind] of [
    ['apps/v1', 'ReplicaSet'],
    ['v1', 'ReplicationController'],
  ] as const) {
    it(`only marks a pod that serves and that a ${kind} replaces`, async () => {
      const owner = { apiVersion, kind, name: 'r', uid: 'u', controller: true };
      const metadata = { name: 'a', namespace: 'default' };
      await pods.create({ ...podNamed('a'), metadata: { ...metadata, ownerReferences: [owner] } });
      await bindPod(pods, binding(), now);
      const conditions = [{ type: 'Ready', status: 'True' }];
      const serve = (pod: Pod): Pod => ({ ...pod, status: { ...pod.status, phase: 'Running', conditions } });
      await pods.mutate('default', 'a', serve, { subresource: 'status' });
      await assert.rejects(
        evictPod(evicting(), { metadata, deleteOptions: { preconditions: { uid: 'other' } } }, now),
        {
          reason: 'Conflict',
        },
      );
      await evictPod(evicting(), { metadata }, now);
      const marked = await pods.get('default', 'a');
      assert.equal(marked.metadata.deletionTimestamp, undefined);
      assert.ok(evictionOf(marked));
      await evictPod(evicting(), { metadata }, new Date(now.getTime() + 1000));
      assert.deepEqual(await pods.get('default', 'a'), marked);
      await evictPod(evicting(), { metadata, deleteOptions: { gracePeriodSeconds: 7 } }, now);
      assert.equal((await pods.get('default', 'a')).metadata.deletionGracePeriodSeconds, 7);
    });
  }

  it('lets the status of a pod change its annotations, and not its owners', async () => {
    await pods.create(podNamed('a'));
    const owner = { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'r', uid: 'u' };
    const change = (pod: Pod): Pod => ({
      ...pod,
      metadata: { ...pod.metadata, annotations: { patched: 'true' }, ownerReferences: [owner] },
    });
    const { metadata } = await pods.mutate('default', 'a', change, { subresource: 'status' });
    assert.deepEqual([metadata.annotations, metadata.ownerReferences], [{ patched: 'true' }, undefined]);
  });
});
