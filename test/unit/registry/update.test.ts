import assert from 'node:assert/strict';
import { kinds } from '../../../api/kinds.ts';
import type { Deployment } from '../../../api/types/apps.v1.ts';
import type { Lease } from '../../../api/types/coordination.v1.ts';
import type { ConfigMap } from '../../../api/types/core.v1.ts';
import { type Harness, podNamed, podTemplate, startRegistry } from './harness.ts';

const map = (data: Record<string, string>, more: object = {}): ConfigMap => ({
  metadata: { name: 'm', namespace: 'default', ...more },
  data,
});

describe('registry: update and mutate', () => {
  let harness: Harness;
  beforeEach(async () => (harness = await startRegistry()));
  afterEach(() => harness.stop());

  it('refuses an update made from another state, whatever the cache knows', async () => {
    const maps = harness.registry.resource(kinds.configmaps);
    const first = await maps.create(map({ a: '1' }));
    const second = await maps.update({ ...first, data: { a: '2' } });
    await assert.rejects(maps.update({ ...first, data: { a: '3' } }), {
      reason: 'Conflict',
      message:
        'Operation cannot be fulfilled on configmaps "m": the object has been modified; please apply your changes to the latest version and try again',
    });
    await harness.settle(kinds.configmaps);
    await assert.rejects(maps.update({ ...first, data: { a: '3' } }), { reason: 'Conflict' });
    const third = await maps.update({ ...second, data: { a: '4' } });
    assert.deepEqual((await maps.get('default', 'm')).data, { a: '4' });
    assert.equal(third.metadata.uid, first.metadata.uid);
  });

  it('replaces unconditionally without a resourceVersion, but not under another uid', async () => {
    const maps = harness.registry.resource(kinds.configmaps);
    const first = await maps.create(map({ a: '1' }));
    const replaced = await maps.update(map({ b: '2' }));
    assert.deepEqual(replaced.data, { b: '2' });
    assert.equal(replaced.metadata.uid, first.metadata.uid);
    await assert.rejects(maps.update(map({ c: '3' }, { uid: 'other' })), { reason: 'Conflict' });
  });

  it('demands a resourceVersion for leases, and creates one that is put', async () => {
    const leases = harness.registry.resource(kinds.leases);
    const lease = { metadata: { name: 'l', namespace: 'default' }, spec: { holderIdentity: 'a' } } as Lease;
    const { object, created } = await leases.put(lease);
    assert.equal(created, true);
    await harness.settle(kinds.leases);
    await assert.rejects(leases.put(lease), { reason: 'Invalid' });
    assert.equal((await leases.put({ ...object, spec: { holderIdentity: 'b' } })).created, false);
    await assert.rejects(harness.registry.resource(kinds.configmaps).put(map({})), { reason: 'NotFound' });
  });

  it('writes nothing when nothing changes', async () => {
    const maps = harness.registry.resource(kinds.configmaps);
    const first = await maps.create(map({ a: '1' }));
    await harness.settle(kinds.configmaps);
    const before = await harness.store.revision();
    assert.equal((await maps.update(first)).metadata.resourceVersion, first.metadata.resourceVersion);
    await maps.mutate('default', 'm', () => undefined);
    await maps.mutate('default', 'm', (current) => ({ ...current, data: { a: '1' } }));
    assert.equal(await harness.store.revision(), before);
  });

  it('does not take an old state in the cache for the truth when it decides that nothing changes', async () => {
    const maps = harness.registry.resource(kinds.configmaps);
    await maps.create(map({ a: '1' }));
    await harness.settle(kinds.configmaps);
    harness.pause();
    await maps.update(map({ a: '2' }));
    assert.deepEqual(maps.view.get('default/m')?.data, { a: '1' });
    const result = await maps.mutate('default', 'm', (current) => ({ ...current, data: { a: '1' } }));
    assert.deepEqual(result.data, { a: '1' });
    assert.deepEqual((await maps.get('default', 'm')).data, { a: '1' });
  });

  it('loses no update when many write at once', async () => {
    const maps = harness.registry.resource(kinds.configmaps);
    await maps.create(map({ count: '0' }));
    const add = (current: ConfigMap): ConfigMap => ({
      ...current,
      data: { count: String(Number(current.data!['count']) + 1) },
    });
    await Promise.all(Array.from({ length: 10 }, () => maps.mutate('default', 'm', add)));
    assert.deepEqual((await maps.get('default', 'm')).data, { count: '10' });
  });

  it('counts the generation up for the spec and not for status or labels', async () => {
    const deployments = harness.registry.resource(kinds.deployments);
    const made = await deployments.create({
      metadata: { name: 'd', namespace: 'default' },
      spec: { selector: { matchLabels: { app: 'web' } }, template: podTemplate() },
    } as unknown as Deployment);
    assert.equal(made.metadata.generation, 1);
    const labelled = await deployments.mutate('default', 'd', (current) => ({
      ...current,
      metadata: { ...current.metadata, labels: { a: 'b' } },
    }));
    assert.equal(labelled.metadata.generation, 1);
    const scaled = await deployments.mutate('default', 'd', (current) => ({
      ...current,
      spec: { ...current.spec, replicas: 3 },
    }));
    assert.equal(scaled.metadata.generation, 2);
    const annotated = await deployments.mutate('default', 'd', (current) => ({
      ...current,
      metadata: { ...current.metadata, annotations: { a: 'b' } },
    }));
    assert.equal(annotated.metadata.generation, 3);
  });

  it('keeps spec and status apart', async () => {
    const pods = harness.registry.resource(kinds.pods);
    const pod = await pods.create(podNamed('a'));
    const main = await pods.update({ ...pod, status: { phase: 'Running' } });
    assert.equal(main.status.phase, 'Pending');
    const change = { ...pod, spec: { ...pod.spec, nodeName: 'n' }, status: { phase: 'Running' } };
    const status = await pods.mutate('default', 'a', () => change, { subresource: 'status' });
    assert.equal(status.status.phase, 'Running');
    assert.equal(status.spec.nodeName, undefined);
    assert.equal(status.status.qosClass, 'BestEffort');
    assert.equal(status.metadata.generation, 1);
  });

  it('keeps what nobody may change', async () => {
    const maps = harness.registry.resource(kinds.configmaps);
    const made = await maps.create(map({}));
    const stamped = { ...made.metadata, creationTimestamp: '2020-01-01T00:00:00Z' };
    const updated = await maps.update({ ...made, data: { a: 'b' }, metadata: stamped });
    assert.equal(updated.metadata.creationTimestamp, made.metadata.creationTimestamp);
    await assert.rejects(
      maps.mutate('default', 'm', (current) => current, { uid: 'other' }),
      { reason: 'Conflict' },
    );
  });

  it('sets off the refusals of admission and validation only on the committed state', async () => {
    const maps = harness.registry.resource(kinds.configmaps);
    await maps.create({ ...map({ a: '1' }), immutable: true });
    await harness.settle(kinds.configmaps);
    harness.pause();
    await maps.delete('default', 'm');
    await maps.create(map({ a: '1' }));
    // The cache still holds the immutable one.
    assert.equal(maps.view.get('default/m')?.immutable, true);
    assert.deepEqual((await maps.update(map({ a: '2' }))).data, { a: '2' });
  });
});
