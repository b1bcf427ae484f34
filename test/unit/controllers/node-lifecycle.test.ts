import assert from 'node:assert/strict';
import fc from 'fast-check';

import { kinds } from '../../../api/kinds.ts';
import { defaultToleration, NODE_LOSS_TAINTS } from '../../../api/machinery/node-loss.ts';
import type { Node, Pod } from '../../../api/types/core.v1.ts';
import { daemonTolerations } from '../../../control-plane/controllers/daemonset/placement.ts';
import type { LivenessSnapshot } from '../../../control-plane/controllers/node-lifecycle/liveness.ts';
import { judge } from '../../../control-plane/controllers/node-lifecycle/liveness.ts';
import { firstAfter, Losses } from '../../../control-plane/controllers/node-lifecycle/losses.ts';
import type { NodeSession } from '../../../control-plane/controllers/node-lifecycle/node-lifecycle.ts';
import { NodeLifecycleController } from '../../../control-plane/controllers/node-lifecycle/node-lifecycle.ts';
import { planNode } from '../../../control-plane/controllers/node-lifecycle/plan.ts';
import { untilEviction } from '../../../control-plane/controllers/node-lifecycle/taints.ts';
import { MapView } from '../../../lib/view.ts';
import { NOON, aMoment, inShort } from './moment.ts';
import { World, aPod, settle } from './world.ts';

const GRACE = { graceMilliseconds: 10_000 };

function aNode(name: string, ready = 'True', spec: Partial<Node['spec']> = {}): Node {
  return {
    metadata: { name, uid: `uid-${name}` },
    spec,
    status: { conditions: [{ type: 'Ready', status: ready }] },
  } as Node;
}

function silence(fields: Partial<LivenessSnapshot> = {}): LivenessSnapshot {
  return { now: 100_000, lostAt: 100_000, clearSince: 0, leadingSince: 0, losses: [100_000], live: 2, ...fields };
}

describe('whether a silent node is lost', () => {
  it('believes it at once of one of three, of one of two and of two of three', () => {
    assert.equal(judge(silence(), GRACE).state, 'lost');
    assert.equal(judge(silence({ live: 1 }), GRACE).state, 'lost');
    assert.equal(judge(silence({ live: 1, losses: [99_000, 100_000] }), GRACE).state, 'lost');
  });

  it('gives a full grace after the control plane was blind', () => {
    const doubtful = judge(silence({ clearSince: 94_000 }), GRACE);
    assert.ok(doubtful.state === 'doubtful');
    assert.equal(doubtful.milliseconds, 4000);
    assert.equal(judge(silence({ clearSince: undefined }), GRACE).state, 'doubtful');
  });

  it('gives it to a server that has just begun to lead, too', () => {
    assert.equal(judge(silence({ leadingSince: 99_000 }), GRACE).state, 'doubtful');
    assert.equal(judge(silence({ leadingSince: 90_000 }), GRACE).state, 'lost');
  });

  it('gives a full grace when most vanish together, and then believes it', () => {
    const most = silence({ losses: [99_500, 99_800, 100_000], live: 0 });
    const doubtful = judge(most, GRACE);
    assert.ok(doubtful.state === 'doubtful');
    assert.equal(doubtful.milliseconds, 10_000);
    assert.equal(judge({ ...most, now: 110_000 }, GRACE).state, 'lost');
  });

  it('waits for more when several vanish, but not for long', () => {
    const several = silence({ losses: [99_500, 99_800, 100_000], live: 20 });
    const doubtful = judge(several, GRACE);
    assert.ok(doubtful.state === 'doubtful');
    assert.equal(doubtful.milliseconds, 1000);
  });
});

describe('the losses of nodes', () => {
  it('are told in ascending order, each when it was first noted', () => {
    const losses = new Losses();
    losses.note('a', 1000);
    losses.note('b', 2000);
    losses.note('c', 2000);
    losses.note('a', 3000);
    assert.deepEqual([losses.times, losses.at('a')], [[1000, 2000, 2000], 1000]);
    losses.forget('b');
    losses.forget('b');
    losses.forget('nobody');
    losses.note('b', 4000);
    assert.deepEqual([losses.times, losses.at('b')], [[1000, 2000, 4000], 4000]);
  });

  it('are counted around a time without looking at each', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(20)), fc.nat(20), (numbers, time) => {
        const times = numbers.toSorted((a, b) => a - b);
        assert.equal(firstAfter(times, time), times.filter((each) => each <= time).length);
      }),
    );
  });
});

describe('node lifecycle', () => {
  const lost = { liveness: { state: 'lost' as const }, lostAt: 100_000, fenceMilliseconds: 5000 };
  const alive = { liveness: { state: 'alive' as const }, lostAt: 0, fenceMilliseconds: 5000 };

  it('marks a lost node and removes its pods at once', () => {
    const plan = planNode({ node: aNode('a'), pods: [aPod('web', { node: 'a' })], ...lost }, aMoment());
    assert.deepEqual(inShort(plan.actions), [
      'set-conditions a',
      'record NodeNotReady',
      'change-taints a',
      'delete web',
    ]);
    const removal = plan.actions.at(-1);
    assert.ok(removal?.do === 'delete' && removal.gracePeriodSeconds === 0);
    assert.equal(removal.absent, '/dure/sessions/a', 'only while its agent has no session');
  });

  it('tells whoever holds a removed pod that it has failed by disruption', () => {
    const pod = aPod('held', { node: 'a' });
    Object.assign(pod.metadata, { deletionTimestamp: '2026-01-01T00:00:00Z', deletionGracePeriodSeconds: 0 });
    const held = planNode({ node: aNode('a'), pods: [pod], ...lost }, aMoment()).actions.at(-1);
    assert.ok(held?.do === 'patch-status' && held.target.name === 'held' && held.patch['phase'] === 'Failed');
    assert.match(JSON.stringify(held.patch['conditions']), /DisruptionTarget.*DeletionByTaintManager/);
    pod.status.phase = 'Failed';
    const told = planNode({ node: aNode('a'), pods: [pod], ...lost }, aMoment());
    assert.ok(!inShort(told.actions).includes('patch-status held'));
  });

  it('leaves the pods of daemon sets on it, as not ready', () => {
    const pod = aPod('daemon', { node: 'a' });
    pod.spec.tolerations = [...daemonTolerations(pod.spec)];
    const plan = planNode({ node: aNode('a'), pods: [pod], ...lost }, aMoment());
    assert.deepEqual(inShort(plan.actions).slice(3), ['set-conditions daemon']);
    assert.equal(plan.after, undefined);
    const unwell = planNode({ node: aNode('a', 'False'), pods: [pod], ...alive }, aMoment());
    assert.ok(!inShort(unwell.actions).some((action) => action.includes('daemon')));
  });

  it('keeps what tolerates it for as long as it does, as not ready', () => {
    const pod = aPod('web', { node: 'a' });
    pod.spec.tolerations = [{ key: 'node.kubernetes.io/unreachable', operator: 'Exists', tolerationSeconds: 60 }];
    const plan = planNode({ node: aNode('a'), pods: [pod], ...lost }, aMoment());
    assert.ok(inShort(plan.actions).includes('set-conditions web'));
    assert.ok(!inShort(plan.actions).includes('delete web'));
    assert.equal(plan.after, 60_000);
  });

  it('replaces a pod with an identity only after the fence', () => {
    const annotated = aPod('db', { node: 'a' });
    annotated.metadata.annotations = { 'dure.internal/identity': 'true' };
    const owned = aPod('db', { node: 'a' });
    const owner = { apiVersion: 'apps/v1', kind: 'StatefulSet', name: 'db', uid: 'x', controller: true };
    owned.metadata.ownerReferences = [owner];
    // As one that was left by its set.
    const named = aPod('db', { node: 'a', labels: { 'statefulset.kubernetes.io/pod-name': 'db' } });
    for (const pod of [annotated, owned, named]) {
      const early = planNode({ node: aNode('a'), pods: [pod], ...lost }, aMoment(102_000));
      assert.equal(early.after, 3000);
      assert.ok(!inShort(early.actions).includes('delete db'));
      const late = planNode({ node: aNode('a'), pods: [pod], ...lost }, aMoment(105_000));
      assert.ok(inShort(late.actions).includes('delete db'));
    }
  });

  it('takes the taints off when the agent reports that the node is ready', () => {
    const taints = ['NoSchedule', 'NoExecute'].map((effect) => ({ key: 'node.kubernetes.io/unreachable', effect }));
    const plan = planNode({ node: aNode('a', 'True', { taints }), pods: [], ...alive }, aMoment());
    assert.deepEqual(inShort(plan.actions), ['change-taints a', 'record NodeReady']);
  });

  it('taints a cordoned node and evicts for a taint of the user with the grace of the pod', () => {
    const taints = [{ key: 'maintenance', effect: 'NoExecute' }];
    const plan = planNode(
      { node: aNode('a', 'True', { unschedulable: true, taints }), pods: [aPod('web', { node: 'a' })], ...alive },
      aMoment(),
    );
    assert.deepEqual(inShort(plan.actions), ['change-taints a', 'set-conditions web', 'delete web']);
    const eviction = plan.actions.at(-1);
    assert.ok(eviction?.do === 'delete' && eviction.gracePeriodSeconds === undefined);
  });

  it('gives an agent that lives half a minute to mend its node, and none to one that is not heard', () => {
    const timeAdded = '2026-01-01T11:59:50Z';
    const taint = (condition: string) => [{ key: `node.kubernetes.io/${condition}`, effect: 'NoExecute', timeAdded }];
    assert.equal(untilEviction(aPod('web'), taint('not-ready'), NOON), 20_000);
    assert.equal(untilEviction(aPod('web'), taint('unreachable'), NOON), 0);
  });

  it('sees nothing of a pod’s own in the tolerations that every pod is given', () => {
    const pod: Pod = aPod('web');
    pod.spec.tolerations = NODE_LOSS_TAINTS.map(defaultToleration);
    const taints = [{ key: 'node.kubernetes.io/unreachable', effect: 'NoExecute' }];
    assert.equal(untilEviction(pod, taints, NOON), 0);
    pod.spec.tolerations = [{ ...defaultToleration('node.kubernetes.io/unreachable'), tolerationSeconds: 301 }];
    assert.equal(untilEviction(pod, taints, NOON), 301_000);
  });

  it('counts a toleration from when the taint was added', () => {
    const pod: Pod = aPod('web');
    pod.spec.tolerations = [{ operator: 'Exists', tolerationSeconds: 30 }];
    const taints = [{ key: 'k', effect: 'NoExecute', timeAdded: '2026-01-01T11:59:40Z' }];
    assert.equal(untilEviction(pod, taints, NOON), 10_000);
    pod.spec.tolerations = [{ operator: 'Exists' }];
    assert.equal(untilEviction(pod, taints, NOON), undefined);
  });

  it('goes from a session that ends to removed pods without a timer', async () => {
    const world = new World();
    const sessions = new MapView<NodeSession>();
    for (const node of ['a', 'b', 'c']) {
      world.of(kinds.nodes).seed(aNode(node));
      sessions.set(node, { node, server: 's' });
    }
    world.of(kinds.pods).seed(aPod('web', { node: 'a' }));
    world.clock.advance(60_000);
    const sight = { clearSince: () => 0, subscribe: () => () => {} };
    const runner = world.runner(new NodeLifecycleController({ registry: world, sessions, sight, clock: world.clock }));
    await runner.start();
    await settle();
    world.clock.advance(11_000);
    await settle();
    assert.equal(world.all(kinds.pods).length, 1);
    sessions.delete('a');
    await settle();
    assert.equal(world.all(kinds.pods).length, 0);
    const [node] = world.all(kinds.nodes);
    assert.equal(node?.status.conditions?.[0]?.status, 'Unknown');
    assert.deepEqual(
      node?.spec.taints?.map(({ effect }) => effect),
      ['NoSchedule', 'NoExecute'],
    );
    await runner.stop();
  });

  it('counts the fence of a lost node from when the server has been seeing clearly', async () => {
    const world = new World();
    world.of(kinds.nodes).seed(aNode('a'));
    const pod = aPod('db', { node: 'a' });
    pod.metadata.annotations = { 'dure.internal/identity': 'true' };
    world.of(kinds.pods).seed(pod);
    let clear = 0;
    const sight = { clearSince: () => clear, subscribe: () => () => {} };
    const sessions = new MapView<NodeSession>();
    const fenceMilliseconds = 30_000;
    const options = { registry: world, sessions, sight, clock: world.clock, fenceMilliseconds };
    const runner = world.runner(new NodeLifecycleController(options));
    await runner.start();
    // Missed news: the node may have been back meanwhile.
    world.clock.advance(20_000);
    clear = world.clock.now();
    await settle();
    for (let at = 0; at < 29; at += 1) {
      world.clock.advance(1000);
      await settle();
    }
    assert.equal(world.all(kinds.pods).length, 1);
    world.clock.advance(2000);
    await settle();
    assert.equal(world.all(kinds.pods).length, 0);
    await runner.stop();
  });

  it('looks at each node a few times when hundreds vanish one after the other and come back', async () => {
    const names = Array.from({ length: 300 }, (_, index) => `node-${index}`);
    const world = new World();
    const sessions = new MapView<NodeSession>();
    for (const node of names) {
      world.of(kinds.nodes).seed(aNode(node));
      sessions.set(node, { node, server: 's' });
    }
    const sight = { clearSince: () => 0, subscribe: () => () => {} };
    const controller = new NodeLifecycleController({ registry: world, sessions, sight, clock: world.clock });
    let looks = 0;
    const plan = controller.plan.bind(controller);
    controller.plan = (key, moment) => {
      looks += 1;
      return plan(key, moment);
    };
    const runner = world.runner(controller);
    await runner.start();
    world.clock.advance(60_000);
    await settle();
    looks = 0;
    for (const change of [
      (node: string): void => sessions.delete(node),
      (node: string): void => sessions.set(node, { node, server: 's' }),
    ]) {
      for (const node of names) {
        change(node);
        world.clock.advance(1);
        await settle();
      }
    }
    world.clock.advance(60_000);
    await settle();
    // Each for every change of another would be some 90,000.
    assert.ok(looks < 10 * names.length, `${looks} looks`);
    // The first two were believed at once.
    const untouched = world.all(kinds.nodes).filter(({ status }) => status.conditions?.[0]?.status === 'True');
    assert.equal(untouched.length, names.length - 2);
    await runner.stop();
  });
});
