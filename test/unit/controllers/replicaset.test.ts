import assert from 'node:assert/strict';

import { forbidden } from '../../../api/errors.ts';
import { kinds } from '../../../api/kinds.ts';
import { formatTime } from '../../../api/machinery/time.ts';
import type { ReplicaSet } from '../../../api/types/apps.v1.ts';
import type { Pod, ReplicationController } from '../../../api/types/core.v1.ts';
import {
  ReplicaSetController,
  ReplicationControllerController,
} from '../../../control-plane/controllers/replicaset/replicaset.ts';
import { planReplicaSet } from '../../../control-plane/controllers/replicaset/plan.ts';
import { chooseVictims } from '../../../control-plane/controllers/replicaset/victims.ts';
import { NOON, aMoment, inShort } from './moment.ts';
import { World, aPod, settle } from './world.ts';

function aSet(replicas: number): ReplicaSet {
  return {
    metadata: { name: 'web', namespace: 'default', uid: 'set', generation: 1 },
    spec: {
      replicas,
      selector: { matchLabels: { app: 'web' } },
      template: { metadata: { labels: { app: 'web' } }, spec: { containers: [] } },
    },
    status: { replicas: 0 },
  };
}

function owned(pod: Pod): Pod {
  const owner = { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'web', uid: 'set', controller: true };
  return { ...pod, metadata: { ...pod.metadata, ownerReferences: [owner] } };
}

describe('replica set controller', () => {
  it('makes what is missing, with fresh names', () => {
    const pods = [owned(aPod('web-1', { node: 'a' }))];
    const { actions } = planReplicaSet(
      { kind: kinds.replicasets, replicaSet: aSet(3), pods, related: pods },
      aMoment(),
    );
    assert.deepEqual(inShort(actions), ['create web-id1', 'create web-id2', 'set-status web']);
  });

  describe('lets evicted pods serve on', () => {
    const isReady = { type: 'Ready', status: 'True', lastTransitionTime: '2026-01-01T11:00:00Z' };
    const serving = (name: string): Pod => {
      const pod = owned(aPod(name, { node: 'a' }));
      pod.status.conditions = [isReady];
      return pod;
    };
    const evicted = (name: string, at = NOON): Pod => {
      const pod = serving(name);
      const lastTransitionTime = formatTime(at.getTime());
      const mark = { type: 'DisruptionTarget', status: 'True', reason: 'EvictionByEvictionAPI', lastTransitionTime };
      pod.status.conditions = [isReady, mark];
      return pod;
    };
    const starting = (name: string): Pod => {
      const pod = owned(aPod(name, { node: 'a' }));
      pod.status.conditions = [];
      return pod;
    };
    const planned = (replicas: number, pods: Pod[]): string[] =>
      inShort(
        planReplicaSet({ kind: kinds.replicasets, replicaSet: aSet(replicas), pods, related: pods }, aMoment()).actions,
      ).filter((action) => !action.startsWith('set-status'));

    it('making replacements first', () => {
      assert.deepEqual(planned(2, [serving('kept'), evicted('old')]), ['create web-id1']);
    });

    it('until a replacement serves', () => {
      assert.deepEqual(planned(2, [serving('kept'), evicted('old'), starting('new')]), []);
      assert.deepEqual(planned(2, [serving('kept'), evicted('old'), serving('new')]), ['delete old']);
    });

    it('one for one', () => {
      const pods = [evicted('old-1'), evicted('old-2'), serving('new-1'), starting('new-2')];
      assert.deepEqual(planned(2, pods), ['delete old-1']);
    });

    it('but not in vain, and not for ever', () => {
      const stuck = starting('stuck');
      stuck.status.conditions = [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable' }];
      assert.deepEqual(planned(1, [evicted('old'), stuck]), ['delete old']);
      const longAgo = new Date(NOON.getTime() - 60_000);
      assert.deepEqual(planned(1, [evicted('old', longAgo), starting('new')]), ['delete old']);
      const pods = [evicted('old'), starting('new')];
      assert.equal(
        planReplicaSet({ kind: kinds.replicasets, replicaSet: aSet(1), pods, related: pods }, aMoment()).after,
        60_000,
      );
    });

    it('unless fewer are wanted', () => {
      assert.deepEqual(planned(1, [serving('kept'), evicted('old')]), ['delete old']);
      assert.deepEqual(planned(0, [evicted('old')]), ['delete old']);
    });
  });

  it('adopts what it selects and releases what it does not', () => {
    const pods = [aPod('free'), owned(aPod('changed', { labels: { app: 'other' } }))];
    const { actions } = planReplicaSet(
      { kind: kinds.replicasets, replicaSet: aSet(1), pods, related: pods },
      aMoment(),
    );
    assert.deepEqual(inShort(actions), ['add-owner free', 'remove-owners changed', 'set-status web']);
  });

  it('adopts nothing when it is itself being deleted by the word of the store', async () => {
    const world = new World();
    world.of(kinds.replicasets).seed(aSet(1));
    world.of(kinds.pods).seed(aPod('kept', { node: 'a' }));
    world.lagging = true;
    await world.of(kinds.replicasets).delete('default', 'web', { propagationPolicy: 'Orphan' });
    const runner = world.runner(new ReplicaSetController({ registry: world }));
    await runner.start();
    await settle();
    assert.equal(world.all(kinds.pods)[0]?.metadata.ownerReferences, undefined);
    assert.equal(world.all(kinds.pods).length, 1);
    await runner.stop();
  });

  it('counts a pod as available once it has been ready for long enough, and looks again then', () => {
    const replicaSet = aSet(1);
    replicaSet.spec.minReadySeconds = 10;
    const pod = owned(aPod('web-1', { node: 'a' }));
    pod.status.conditions = [{ type: 'Ready', status: 'True', lastTransitionTime: '2026-01-01T11:59:57Z' }];
    const plan = planReplicaSet({ kind: kinds.replicasets, replicaSet, pods: [pod], related: [pod] }, aMoment());
    assert.equal(plan.after, 7000);
    const later = planReplicaSet(
      { kind: kinds.replicasets, replicaSet, pods: [pod], related: [pod] },
      aMoment(0, new Date(NOON.getTime() + 7000)),
    );
    const [action] = later.actions;
    assert.ok(action?.do === 'set-status' && 'availableReplicas' in action.status);
  });

  it('gives up first what is missed least', () => {
    const cheap = aPod('cheap', { node: 'a' });
    cheap.metadata.annotations = { 'controller.kubernetes.io/pod-deletion-cost': '-5' };
    const pods = [
      aPod('alone', { node: 'b' }),
      aPod('neighbour', { node: 'a' }),
      cheap,
      aPod('unready', { node: 'a', ready: false }),
      aPod('unassigned'),
    ];
    const order = chooseVictims(pods, pods, 4, NOON).map(({ metadata }) => metadata.name);
    assert.deepEqual(order, ['unassigned', 'unready', 'cheap', 'neighbour']);
  });

  it('never makes a pod twice while its view is behind', async () => {
    const world = new World();
    world.of(kinds.replicasets).seed(aSet(3));
    world.lagging = true;
    world.deliver();
    const runner = world.runner(new ReplicaSetController({ registry: world }));
    await runner.start();
    await settle();
    world
      .of(kinds.replicasets)
      .view.set('default/web', { ...aSet(3), metadata: { ...aSet(3).metadata, resourceVersion: '1' } });
    await settle();
    await settle();
    assert.equal(world.all(kinds.pods).length, 3);
    world.deliver();
    await settle();
    assert.equal(world.all(kinds.pods).length, 3);
    await runner.stop();
  });

  it('says that it can make no pods, and takes it back when it can', async () => {
    const world = new World();
    world.of(kinds.replicasets).seed(aSet(2));
    world.of(kinds.pods).refuse = forbidden(kinds.pods, '', 'exceeded quota');
    const runner = world.runner(new ReplicaSetController({ registry: world }));
    await runner.start();
    await settle();
    const conditions = (): string[] =>
      world.all(kinds.replicasets)[0]?.status.conditions?.map(({ type }) => type) ?? [];
    assert.deepEqual(conditions(), ['ReplicaFailure']);
    assert.equal(world.events[0]?.reason, 'FailedCreate');
    world.of(kinds.pods).refuse = undefined;
    world.clock.advance(60_000);
    await settle();
    await settle();
    assert.deepEqual(conditions(), []);
    assert.equal(world.all(kinds.pods).length, 2);
    await runner.stop();
  });
});

describe('replication controller', () => {
  const aController = (replicas: number): ReplicationController => ({
    ...aSet(replicas),
    metadata: { name: 'web', namespace: 'default', generation: 1 },
    spec: { replicas, selector: { app: 'web' }, template: aSet(replicas).spec.template },
  });

  it('adopts, makes and gives up pods as a replica set does, under its own name', async () => {
    const world = new World();
    world.of(kinds.pods).seed(aPod('free', { node: 'a' }));
    world.of(kinds.pods).seed(aPod('other', { labels: { app: 'other' } }));
    world.of(kinds.replicationcontrollers).seed(aController(3));
    const runner = world.runner(new ReplicationControllerController({ registry: world }));
    await runner.start();
    await settle();
    const owners = (): unknown[] =>
      world
        .all(kinds.pods)
        .map(({ metadata: { name, ownerReferences: [owner] = [] } }) => [
          name,
          owner && `${owner.apiVersion} ${owner.kind} ${owner.name}`,
        ]);
    const own = 'v1 ReplicationController web';
    assert.deepEqual(owners(), [
      ['free', own],
      ['other', undefined],
      ['web-00001', own],
      ['web-00002', own],
    ]);
    const [controller] = world.all(kinds.replicationcontrollers);
    assert.deepEqual(controller?.status, {
      replicas: 3,
      fullyLabeledReplicas: 3,
      readyReplicas: 1,
      availableReplicas: 1,
      observedGeneration: 1,
    });
    assert.equal(world.events[0]?.about.kind, 'ReplicationController');
    await world.resource(kinds.pods).mutate('default', 'free', (pod) => {
      return { ...pod, metadata: { ...pod.metadata, labels: { app: 'other' } } };
    });
    await settle();
    assert.deepEqual(owners().slice(0, 1), [['free', undefined]]);
    assert.equal(world.all(kinds.pods).length, 5);
    await runner.stop();
  });
});
