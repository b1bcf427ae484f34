import assert from 'node:assert/strict';

import fc from 'fast-check';

import type { Kind } from '../../../api/kinds.ts';
import { kinds } from '../../../api/kinds.ts';
import type { ConfigMap } from '../../../api/types/core.v1.ts';
import { GarbageCollector } from '../../../control-plane/controllers/garbage-collection/garbage-collection.ts';
import { PodCollector } from '../../../control-plane/controllers/pod-collection/pod-collection.ts';
import type { NodeSession } from '../../../control-plane/controllers/node-lifecycle/node-lifecycle.ts';
import type { Runner } from '../../../control-plane/controllers/runner.ts';
import { MapView } from '../../../lib/view.ts';
import { World, aPod, settle } from './world.ts';

/** Config maps will do: anything can own anything. */
function owned(
  name: string,
  owners: { name: string; uid?: string; blockOwnerDeletion?: boolean }[],
  namespace = 'default',
): ConfigMap {
  const ownerReferences = owners.map(({ name: owner, uid = `uid-configmaps-${owner}`, ...rest }) => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    name: owner,
    uid,
    ...rest,
  }));
  return { metadata: { name, namespace, ...(owners.length > 0 ? { ownerReferences } : {}) } };
}

describe('garbage collector', () => {
  let world: World;
  let runner: Runner;

  beforeEach(() => {
    world = new World();
    runner = world.runner(new GarbageCollector({ registry: world }));
  });

  afterEach(() => runner.stop());

  const seed = (object: ConfigMap): ConfigMap => world.of(kinds.configmaps).seed(object);
  const names = (kind: Kind = kinds.configmaps): string[] =>
    world
      .all(kind)
      .map(({ metadata }) => metadata.name ?? '')
      .toSorted();

  async function begin(): Promise<void> {
    await runner.start();
    await settle();
  }

  it('deletes what an owner leaves behind, and what that leaves behind', async () => {
    [owned('a', []), owned('b', [{ name: 'a' }]), owned('c', [{ name: 'b' }])].forEach(seed);
    await begin();
    assert.deepEqual(names(), ['a', 'b', 'c']);
    await world.of(kinds.configmaps).delete('default', 'a');
    await settle();
    assert.deepEqual(names(), []);
  });

  it('finds on start what was left behind before, and what only seems to have an owner', async () => {
    [
      owned('a', []),
      owned('left', [{ name: 'gone' }]),
      owned('other', [{ name: 'a', uid: 'an earlier a' }]),
      owned('elsewhere', [{ name: 'a' }], 'foreign'),
    ].forEach(seed);
    await begin();
    assert.deepEqual(names(), ['a']);
  });

  it('decides nothing from an owner in a namespace of what is in none, and says so', async () => {
    const ownerReferences = [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'gone', uid: 'uid-gone' }];
    world.of(kinds.namespaces).seed({ metadata: { name: 'team', ownerReferences }, spec: {}, status: {} });
    await begin();
    assert.deepEqual(names(kinds.namespaces), ['team']);
    assert.deepEqual(
      world.events.map(({ reason, type }) => [reason, type]),
      [['OwnerRefInvalidNamespace', 'Warning']],
    );
  });

  it('keeps what another owner holds, without the one that is gone', async () => {
    [owned('a', []), owned('b', [{ name: 'a' }, { name: 'gone' }])].forEach(seed);
    await begin();
    assert.deepEqual(names(), ['a', 'b']);
    const b = world.all(kinds.configmaps).find(({ metadata }) => metadata.name === 'b');
    assert.deepEqual(
      b?.metadata.ownerReferences?.map(({ name }) => name),
      ['a'],
    );
  });

  it('deletes the dependents that block an owner before it, in the foreground', async () => {
    [owned('a', []), owned('b', [{ name: 'a', blockOwnerDeletion: true }])].forEach(seed);
    await begin();
    const gone: string[] = [];
    world.of(kinds.configmaps).view.subscribe(({ type, object }) => {
      if (type === 'deleted') gone.push(object.metadata.name ?? '');
    });
    await world.of(kinds.configmaps).delete('default', 'a', { propagationPolicy: 'Foreground' });
    await settle();
    assert.deepEqual(gone, ['b', 'a']);
  });

  it('is not held up by objects that own each other in a circle', async () => {
    const blockOwnerDeletion = true;
    seed(owned('a', [{ name: 'c', blockOwnerDeletion }]));
    seed(owned('b', [{ name: 'a', blockOwnerDeletion }]));
    seed(owned('c', [{ name: 'b', blockOwnerDeletion }]));
    await begin();
    assert.deepEqual(names(), ['a', 'b', 'c']);
    await world.of(kinds.configmaps).delete('default', 'a', { propagationPolicy: 'Foreground' });
    await settle();
    assert.deepEqual(names(), []);
  });

  it('lets dependents go free when the owner is deleted without them', async () => {
    [owned('a', []), owned('b', [{ name: 'a' }])].forEach(seed);
    await begin();
    await world.of(kinds.configmaps).delete('default', 'a', { propagationPolicy: 'Orphan' });
    await settle();
    assert.deepEqual(names(), ['b']);
    assert.equal(world.all(kinds.configmaps)[0]?.metadata.ownerReferences, undefined);
  });

  it('leaves alone what is owned by a kind that is not served', async () => {
    const object = owned('a', [{ name: 'x' }]);
    object.metadata.ownerReferences![0]!.kind = 'Unheard';
    seed(object);
    await begin();
    assert.deepEqual(names(), ['a']);
  });

  it('never deletes what has a living owner, however late the views are', async () => {
    const step = fc.record({
      do: fc.constantFrom('create', 'delete', 'deliver'),
      name: fc.nat(6),
      owners: fc.uniqueArray(fc.nat(6), { maxLength: 2 }),
      pick: fc.nat(20),
    });
    const law = fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      const play = new World();
      const maps = play.of(kinds.configmaps);
      const collector = play.runner(new GarbageCollector({ registry: play }));
      const wrong: string[] = [];
      const remove = maps.remove.bind(maps);
      let byUser = '';
      maps.remove = (object) => {
        const uids = new Set(play.all(kinds.configmaps).map(({ metadata }) => metadata.uid));
        const held = object.metadata.ownerReferences?.some(({ uid }) => uids.has(uid));
        if (held && object.metadata.name !== byUser) wrong.push(object.metadata.name ?? '');
        return remove(object);
      };
      await collector.start();
      play.lagging = true;
      for (const { do: verb, name, owners, pick } of steps) {
        const existing = (id: number) => play.all(kinds.configmaps).find(({ metadata }) => metadata.name === `m${id}`);
        const present = owners
          .filter((id) => id !== name)
          .map(existing)
          .filter((owner) => owner !== undefined);
        const references = present.map(({ metadata }) => ({ name: metadata.name ?? '', uid: metadata.uid ?? '' }));
        if (verb === 'create' && !existing(name)) await maps.create(owned(`m${name}`, references));
        byUser = `m${name}`;
        if (verb === 'delete' && existing(name)) await maps.delete('default', byUser);
        byUser = '';
        if (verb === 'deliver') play.deliverSome(pick, pick);
        await settle();
      }
      play.lagging = false;
      for (let round = 0; round < 30; round += 1) {
        play.deliver();
        play.clock.advance(30_000);
        await settle();
      }
      assert.deepEqual(wrong, []);
      const left = play.all(kinds.configmaps);
      const uids = new Set(left.map(({ metadata }) => metadata.uid));
      for (const { metadata } of left) {
        const owners = metadata.ownerReferences ?? [];
        assert.ok(owners.length === 0 || owners.some(({ uid }) => uids.has(uid)), `${metadata.name} was left behind`);
      }
      await collector.stop();
    });
    await fc.assert(law, { numRuns: 40 });
  });
});

describe('pod collector', () => {
  let sessions: MapView<NodeSession>;

  beforeEach(() => {
    sessions = new MapView();
  });

  async function left(world: World, threshold: number, milliseconds: number): Promise<string[]> {
    const runner = world.runner(new PodCollector({ registry: world, clock: world.clock, sessions, threshold }));
    await runner.start();
    await settle();
    world.clock.advance(milliseconds);
    await settle();
    await runner.stop();
    return world.all(kinds.pods).map(({ metadata }) => metadata.name ?? '');
  }

  it('removes pods of nodes that stay missing', async () => {
    const world = new World();
    world.of(kinds.nodes).seed({ metadata: { name: 'there' } });
    world.of(kinds.pods).seed(aPod('kept', { node: 'there' }));
    world.of(kinds.pods).seed(aPod('stray', { node: 'missing' }));
    assert.deepEqual(await left(world, 10, 9000), ['kept', 'stray']);
    assert.deepEqual(await left(world, 10, 10_000), ['kept']);
  });

  it('never takes away a pod with an identity that may still run on a node that was deleted', async () => {
    const world = new World();
    sessions.set('deleted', { node: 'deleted', server: 's' });
    const member = aPod('db-0', { node: 'deleted' });
    member.metadata.ownerReferences = [
      { apiVersion: 'apps/v1', kind: 'StatefulSet', name: 'db', uid: 'x', controller: true },
    ];
    world.of(kinds.pods).seed(member);
    world.of(kinds.pods).seed(aPod('stray', { node: 'deleted' }));
    const collector = new PodCollector({ registry: world, clock: world.clock, sessions, fenceMilliseconds: 20_000 });
    const runner = world.runner(collector);
    await runner.start();
    await settle();
    const names = (): (string | undefined)[] => world.all(kinds.pods).map(({ metadata }) => metadata.name);
    const pass = async (milliseconds: number): Promise<void> => {
      world.clock.advance(milliseconds);
      await settle();
    };
    await pass(20_000);
    assert.deepEqual(names(), ['db-0'], 'its agent is there to end it');
    assert.equal(world.all(kinds.pods)[0]?.metadata.deletionGracePeriodSeconds, 30);
    sessions.delete('deleted');
    await settle();
    await pass(19_000);
    assert.deepEqual(names(), ['db-0'], 'its agent may not have noticed yet that it is cut off');
    await pass(1000);
    assert.deepEqual(names(), []);
    await runner.stop();
  });

  it('asks the store before it believes that a node is missing', async () => {
    const world = new World();
    world.of(kinds.pods).seed(aPod('kept', { node: 'new' }));
    world.lagging = true;
    world.of(kinds.nodes).seed({ metadata: { name: 'new' } });
    assert.deepEqual(await left(world, 10, 11_000), ['kept']);
  });

  it('tells whoever holds a deleted pod that it has failed, when no node will', async () => {
    const world = new World();
    world.of(kinds.nodes).seed({ metadata: { name: 'there' } });
    for (const [name, node] of Object.entries({ unassigned: undefined, stray: 'missing', kept: 'there' })) {
      const pod = aPod(name, node === undefined ? {} : { node });
      Object.assign(pod.metadata, {
        finalizers: ['example.com/held'],
        deletionTimestamp: '2026-01-01T00:00:00Z',
        deletionGracePeriodSeconds: 0,
      });
      world.of(kinds.pods).seed(pod);
    }
    await left(world, 10, 0);
    const ends = world.all(kinds.pods).map(({ status: { phase, conditions = [] } }) => {
      return [phase, conditions.find(({ type }) => type === 'DisruptionTarget')?.reason];
    });
    assert.deepEqual(ends, [
      ['Failed', undefined],
      ['Failed', 'DeletionByPodGC'],
      ['Running', undefined],
    ]);
  });

  it('removes ended pods beyond the threshold, oldest first', async () => {
    const world = new World();
    for (const [index, name] of ['old', 'older', 'young'].entries()) {
      const pod = aPod(name);
      pod.status.phase = 'Succeeded';
      pod.metadata.creationTimestamp = ['2026-01-01T00:00:02Z', '2026-01-01T00:00:01Z', '2026-01-01T00:00:03Z'][index]!;
      world.of(kinds.pods).seed(pod);
    }
    assert.deepEqual(await left(world, 2, 0), ['old', 'young']);
  });
});
