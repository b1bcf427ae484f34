/** The daemon set controller on a cluster: what wakes it, and what it says when it can't do what it should. */
import assert from 'node:assert/strict';

import { forbidden } from '../../../api/errors.ts';
import { kinds } from '../../../api/kinds.ts';
import type { Pod } from '../../../api/types/core.v1.ts';
import { DaemonSetController } from '../../../control-plane/controllers/daemonset/daemonset.ts';
import type { Runner } from '../../../control-plane/controllers/runner.ts';
import { aDaemonSet, aNode, HASH } from './daemons.ts';
import { World, settle } from './world.ts';

describe('daemon set controller on a cluster', () => {
  let world: World;
  let runner: Runner;
  let plans: number;

  beforeEach(async () => {
    world = new World();
    world.of(kinds.daemonsets).seed(aDaemonSet());
    for (const name of ['a', 'b']) world.of(kinds.nodes).seed(aNode(name));
    const controller = new DaemonSetController({ registry: world });
    const plan = controller.plan.bind(controller);
    plans = 0;
    controller.plan = (key, moment) => {
      plans += 1;
      return plan(key, moment);
    };
    runner = world.runner(controller);
  });

  afterEach(() => runner.stop());

  async function start(): Promise<void> {
    await runner.start();
    await settle();
  }

  const pods = (): Pod[] => world.all(kinds.pods);
  const reasons = (): string[] => world.events.map(({ reason }) => reason);
  const status = (): object | undefined => world.all(kinds.daemonsets)[0]?.status;

  it('makes a pod on a node that joins or begins to fit', async () => {
    await start();
    assert.equal(pods().length, 2);
    world.of(kinds.nodes).seed(aNode('c', { taints: [{ key: 'role', effect: 'NoSchedule' }] }));
    await settle();
    assert.equal(pods().length, 2);
    await world.resource(kinds.nodes).mutate('', 'c', (node) => ({ ...node, spec: {} }));
    await settle();
    assert.equal(pods().length, 3);
  });

  it('is not woken by heartbeats, nor by a further revision that somebody makes', async () => {
    await start();
    const before = plans;
    const conditions = [{ type: 'Ready', status: 'True' }];
    await world.resource(kinds.nodes).mutate('', 'a', (node) => ({ ...node, status: { ...node.status, conditions } }), {
      subresource: 'status',
    });
    const [revision] = world.all(kinds.controllerrevisions);
    assert.ok(revision);
    const metadata = { ...revision.metadata, name: 'web-copy', uid: 'copy', labels: { app: 'web', [HASH]: 'copy' } };
    world.of(kinds.controllerrevisions).seed({ ...revision, metadata, revision: 2 });
    await settle();
    assert.equal(plans, before);
    assert.equal(world.all(kinds.controllerrevisions).length, 2);
    // Once there is something else to do, the copy has taken over.
    await world.resource(kinds.controllerrevisions).delete('default', revision.metadata.name ?? '');
    await settle();
    assert.deepEqual(
      world.all(kinds.controllerrevisions).map((each) => each.metadata.name),
      ['web-copy'],
    );
    assert.equal(pods().filter((pod) => pod.metadata.deletionTimestamp).length, 0);
  });

  it('says when it can make no pods, and counts what it lacks', async () => {
    world.of(kinds.pods).refuse = forbidden(kinds.pods, '', 'exceeded quota');
    await start();
    assert.ok(reasons().includes('FailedCreate'));
    assert.match(
      world.events.find(({ reason }) => reason === 'FailedCreate')?.message ?? '',
      /^Error creating: .*quota/,
    );
    assert.deepEqual(status(), {
      currentNumberScheduled: 0,
      numberMisscheduled: 0,
      desiredNumberScheduled: 2,
      numberReady: 0,
      observedGeneration: 1,
      numberUnavailable: 2,
    });
    world.of(kinds.pods).refuse = undefined;
    world.clock.advance(60_000);
    await settle();
    assert.equal(pods().length, 2);
  });

  it('replaces a failed pod at once, and waits longer each time', async () => {
    await start();
    const failOn = async (node: string): Promise<string> => {
      const pod = pods().find(({ spec }) => JSON.stringify(spec.affinity).includes(`["${node}"]`));
      const name = pod?.metadata.name ?? '';
      const failed = (current: Pod): Pod => ({ ...current, status: { ...current.status, phase: 'Failed' } });
      await world.resource(kinds.pods).mutate('default', name, failed, { subresource: 'status' });
      await settle();
      return name;
    };
    const isThere = (name: string): boolean => pods().some(({ metadata }) => metadata.name === name);
    assert.equal(isThere(await failOn('a')), false);
    assert.equal(pods().length, 2);
    assert.equal(reasons().filter((reason) => reason === 'FailedDaemonPod').length, 1);
    const second = await failOn('a');
    assert.equal(isThere(second), true);
    assert.equal(isThere(await failOn('b')), false);
    world.clock.advance(999);
    await settle();
    assert.equal(isThere(second), true);
    world.clock.advance(1);
    await settle();
    assert.equal(isThere(second), false);
    assert.equal(reasons().filter((reason) => reason === 'FailedDaemonPod').length, 3);
  });

  it('finds another name for a revision whose name is taken', async () => {
    await start();
    const [revision] = world.all(kinds.controllerrevisions);
    assert.ok(revision);
    await runner.stop();
    world = new World();
    const { ownerReferences: _, ...metadata } = revision.metadata;
    world.of(kinds.controllerrevisions).seed({ ...revision, metadata, data: {} });
    world.of(kinds.daemonsets).seed(aDaemonSet());
    runner = world.runner(new DaemonSetController({ registry: world }));
    await start();
    world.clock.advance(60_000);
    await settle();
    const taken = world.all(kinds.daemonsets)[0]?.status.collisionCount;
    assert.equal(taken, 1);
    assert.equal(world.all(kinds.controllerrevisions).length, 2);
  });
});
