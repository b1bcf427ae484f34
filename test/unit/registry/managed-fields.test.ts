/** Who owns what of stored objects: after each kind of write, of each kind of writer. */
import assert from 'node:assert/strict';
import { type Kind, kinds } from '../../../api/kinds.ts';
import type { KubeObject } from '../../../api/object.ts';
import type { ConfigMap, Pod } from '../../../api/types/core.v1.ts';
import { bindPod } from '../../../control-plane/registry/binding.ts';
import { scaleView } from '../../../control-plane/registry/scale.ts';
import { managedBy } from '../../../control-plane/registry/managed-by.ts';
import type { AdmissionPlugin } from '../../../control-plane/registry/admission.ts';
import type { Store } from '../../../control-plane/storage/port.ts';
import { podNamed, startRegistry, type Harness } from './harness.ts';

function map(data: Record<string, string>): ConfigMap {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'm', namespace: 'default' }, data };
}

function owners({ metadata }: KubeObject): string[] {
  return (metadata.managedFields ?? []).map(({ manager, operation, subresource = '' }) =>
    [manager, operation, subresource].join(' ').trim(),
  );
}

describe('managed fields in the registry', () => {
  let harness: Harness;
  afterEach(() => harness.stop());

  async function start(options: Parameters<typeof startRegistry>[0] = {}): Promise<void> {
    harness = await startRegistry(options);
    const accounts = harness.registry.resource(kinds.serviceaccounts);
    await accounts.create({ metadata: { name: 'default', namespace: 'default' } });
    await harness.settle(kinds.serviceaccounts);
  }

  it('are of whoever wrote, and of nobody when he has no name', async () => {
    await start();
    const maps = harness.registry.resource(kinds.configmaps);
    assert.deepEqual(owners(await maps.create(map({ a: '1' }))), []);
    const named = managedBy(harness.registry, 'part').resource(kinds.configmaps);
    await maps.delete('default', 'm');
    assert.deepEqual(owners(await named.create(map({ a: '1' }))), ['part Update']);
    const unnamed = await maps.mutate('default', 'm', (current) => ({ ...current, data: { a: '2' } }));
    assert.deepEqual(owners(unnamed), ['part Update']);
    const { managedFields: _entries, ...metadata } = unnamed.metadata;
    assert.deepEqual(owners(await maps.update({ ...unnamed, metadata, data: { a: '3' } })), ['part Update']);
  });

  it('do not make a write of one that changes nothing else', async () => {
    await start();
    const maps = managedBy(harness.registry, 'part').resource(kinds.configmaps);
    const made = await maps.create(map({ a: '1' }));
    harness.clock.advance(60_000);
    const again = await managedBy(harness.registry, 'other')
      .resource(kinds.configmaps)
      .update(map({ a: '1' }));
    assert.deepEqual(again, made);
    const applied = await harness.registry.of(kinds.configmaps).apply(map({ a: '1' }), { manager: 'x', force: false });
    harness.clock.advance(60_000);
    const same = await harness.registry.of(kinds.configmaps).apply(map({ a: '1' }), { manager: 'x', force: false });
    assert.deepEqual(same.object, applied.object);
  });

  it('of a pod are the scheduler’s for what it says of it, not for its node, and stay with a binding', async () => {
    await start();
    const pods = harness.registry.of(kinds.pods);
    const made = await pods.create(podNamed('p'), { manager: 'kubectl' });
    const bound = await bindPod(
      pods,
      { metadata: { name: 'p', namespace: 'default' }, target: { name: 'n' } } as Parameters<typeof bindPod>[1],
      harness.clock.date(),
    );
    assert.deepEqual(bound.metadata.managedFields, made.metadata.managedFields);
    const agent = managedBy(harness.registry, 'dure-agent').resource(kinds.pods);
    const running = (pod: Pod): Pod => ({ ...pod, status: { ...pod.status, phase: 'Running' } });
    const reported = await agent.mutate('default', 'p', running, { subresource: 'status' });
    assert.deepEqual(owners(reported), ['dure-agent Update status', 'kubectl Update']);
    assert.deepEqual(reported.metadata.managedFields?.[0]?.fieldsV1, { 'f:status': { 'f:phase': {} } });
    const marked = await pods.delete('default', 'p');
    assert.deepEqual(owners(marked), owners(reported));
  });

  it('are applied on what is there by then, when somebody else writes in between', async () => {
    await start();
    const maps = harness.registry.of(kinds.configmaps);
    await maps.create(map({ a: '1' }), { manager: 'first' });
    await harness.settle(kinds.configmaps);
    harness.pause();
    await maps.mutate('default', 'm', (current) => ({ ...current, data: { ...current.data, b: '1' } }), {
      manager: 'second',
    });
    const { object } = await maps.apply(map({ c: '1' }), { manager: 'third', force: false });
    assert.deepEqual(object.data, { a: '1', b: '1', c: '1' });
    assert.deepEqual(owners(object), ['third Apply', 'first Update', 'second Update']);
    harness.resume();
  });

  it('are applied to what somebody else creates at the same moment', async () => {
    let rival: (() => Promise<unknown>) | undefined;
    // Between the look for the object and its creation, the rival creates it.
    const wrap = (store: Store): Store =>
      new Proxy(store, {
        get: (target, name) => {
          const member: unknown = Reflect.get(target, name);
          if (typeof member !== 'function') return member;
          if (name !== 'write') return member.bind(target) as unknown;
          return async (...args: Parameters<Store['write']>) => {
            const act = rival;
            rival = undefined;
            await act?.();
            return target.write(...args);
          };
        },
      });
    await start({ wrap });
    const maps = harness.registry.of(kinds.configmaps);
    rival = () => maps.create(map({ theirs: '1' }), { manager: 'rival' });
    const { object, created } = await maps.apply(map({ mine: '1' }), { manager: 'one', force: false });
    assert.equal(created, false);
    assert.deepEqual(object.data, { theirs: '1', mine: '1' });
    assert.deepEqual(owners(object), ['one Apply', 'rival Update']);
  });

  it('are not what an apply to a status or a scale creates', async () => {
    await start();
    const maps = harness.registry.of(kinds.deployments);
    const config = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'd', namespace: 'default' } };
    const request = { manager: 'one', force: false };
    for (const way of [{ subresource: 'status' as const }, { view: scaleView(kinds.deployments as Kind) }]) {
      await assert.rejects(maps.apply(config as Parameters<typeof maps.apply>[0], { ...request, ...way }), /not found/);
    }
  });

  it('refuse as a conflict what an apply may not take, and leave the object', async () => {
    await start();
    const maps = harness.registry.of(kinds.configmaps);
    const made = await maps.create(map({ a: '1' }), { manager: 'first' });
    const refused = maps.apply(map({ a: '2' }), { manager: 'second', force: false });
    await assert.rejects(
      refused,
      /^StatusError: Apply failed with 1 conflict: conflict with "first" using v1: \.data\.a$/,
    );
    assert.deepEqual(await maps.get('default', 'm'), made);
    const dry = await maps.apply(map({ a: '2' }), { manager: 'second', force: true, dryRun: true });
    assert.deepEqual(dry.object.data, { a: '2' });
    assert.deepEqual(await maps.get('default', 'm'), made);
  });

  it('are not lost in admission', async () => {
    for (const garbled of [undefined, [], [{ manager: 'x', operation: 'Guess' }]]) {
      const admission: AdmissionPlugin = {
        name: 'garbler',
        handles: ({ object }) => object?.kind === 'ConfigMap',
        mutate: ({ object }) => {
          Object.assign(object!.metadata, { managedFields: garbled });
          return Promise.resolve();
        },
      };
      await start({ further: [admission] });
      const maps = managedBy(harness.registry, 'part').resource(kinds.configmaps);
      const made = await maps.create(map({ a: '1' }));
      assert.deepEqual(owners(made), ['part Update']);
      assert.deepEqual(owners(await maps.update({ ...made, data: { a: '2' } })), ['part Update']);
      await harness.stop();
    }
  });
});
