import assert from 'node:assert/strict';

import { forbidden } from '../../../api/errors.ts';
import { kinds } from '../../../api/kinds.ts';
import { hasIdentity } from '../../../api/machinery/identity.ts';
import type { Pod } from '../../../api/types/core.v1.ts';
import { planStatefulSet } from '../../../control-plane/controllers/statefulset/plan.ts';
import { aMoment, inShort } from './moment.ts';
import { Stage, aClaim, aSet, nameOf } from './statefulset-stage.ts';
import { aPod, settle } from './world.ts';

const READY_SINCE_LONG = [{ type: 'Ready', status: 'True', lastTransitionTime: '2020-01-01T00:00:00Z' }];
const RUNNING: Pod['status'] = { phase: 'Running', conditions: READY_SINCE_LONG };
const PARALLEL = { podManagementPolicy: 'Parallel' };

function stuck(reason: string): Pod['status'] {
  const state = { waiting: { reason } };
  return {
    phase: 'Pending',
    containerStatuses: [
      { name: 'main', image: 'db', imageID: '', ready: false, restartCount: 0, state, lastState: {} },
    ],
  };
}

describe('stateful set controller', () => {
  let stage: Stage;

  beforeEach(() => {
    stage = new Stage();
  });
  afterEach(() => stage.close());

  it('gives each pod a name, labels, a host name and an identity of its own', async () => {
    await stage.open(aSet({ replicas: 1, ordinals: { start: 5 } }));
    const [pod] = stage.pods;
    assert.ok(pod);
    const revision = stage.set.status.updateRevision;
    assert.equal(nameOf(pod), 'db-5');
    assert.deepEqual(pod.metadata.labels, {
      app: 'db',
      'statefulset.kubernetes.io/pod-name': 'db-5',
      'apps.kubernetes.io/pod-index': '5',
      'controller-revision-hash': revision,
    });
    assert.deepEqual([pod.spec.hostname, pod.spec.subdomain], ['db-5', 'dbs']);
    assert.equal(pod.metadata.ownerReferences?.[0]?.kind, 'StatefulSet');
    assert.ok(hasIdentity(pod));
    assert.equal(stage.world.all(kinds.controllerrevisions)[0]?.metadata.name, revision);
    assert.deepEqual(stage.told, ['SuccessfulCreate: create Pod db-5 in StatefulSet db successful']);
  });

  it('leaves a pod its identity when it loses its owner, its labels or both', async () => {
    await stage.open(aSet({ replicas: 1 }));
    const { ownerReferences: _owners, ...orphaned } = stage.pod(0).metadata;
    assert.ok(hasIdentity({ metadata: orphaned }));
    assert.ok(hasIdentity({ metadata: { ...orphaned, labels: { app: 'other' } } }));
    assert.ok(hasIdentity({ metadata: { ...orphaned, annotations: {} } }));
    assert.ok(!hasIdentity({ metadata: { ...orphaned, annotations: {}, name: 'copy' } }), 'it is the name that counts');
  });

  it('marks those again of which somebody took the marks, also behind one that is not available', async () => {
    await stage.open(aSet({ replicas: 2 }));
    await stage.finish();
    const marks = stage.pods.map(({ metadata: { labels, annotations } }) => ({ labels, annotations }));
    await stage.setStatus(stage.pod(0), { phase: 'Running', conditions: [] });
    for (const pod of stage.pods) {
      await stage.world.resource(kinds.pods).mutate('default', nameOf(pod), ({ metadata, ...now }) => {
        const { annotations: _annotations, labels, ...rest } = metadata;
        const { 'statefulset.kubernetes.io/pod-name': _name, ...others } = labels ?? {};
        return { ...now, metadata: { ...rest, labels: others } };
      });
    }
    await settle();
    assert.deepEqual(
      stage.pods.map(({ metadata: { labels, annotations } }) => ({ labels, annotations })),
      marks,
    );
  });

  it('makes one after the other, each when the one before is available', async () => {
    await stage.open(aSet({ minReadySeconds: 10 }));
    assert.deepEqual(stage.names, ['db-0']);
    await stage.step(stage.pod(0));
    assert.deepEqual(stage.names, ['db-0']);
    assert.equal(stage.set.status.readyReplicas, 1);
    assert.equal(stage.set.status.availableReplicas, 0);
    stage.world.clock.advance(10_000);
    await settle();
    assert.deepEqual(stage.names, ['db-0', 'db-1']);
  });

  it('makes all at once when they may be parallel', async () => {
    await stage.open(aSet(PARALLEL));
    assert.deepEqual(stage.names, ['db-0', 'db-1', 'db-2']);
  });

  it('makes do with what there is to do when it is asked for more than anybody has', async () => {
    await stage.open(aSet({ replicas: 2 ** 31 - 1, ordinals: { start: 7 } }));
    assert.deepEqual(stage.names, ['db-7']);
    await stage.step(stage.pod(7));
    assert.deepEqual(stage.names, ['db-7', 'db-8']);
  });

  it('says in its status what there is', async () => {
    await stage.open(aSet());
    await stage.finish();
    const revision = stage.world.all(kinds.controllerrevisions)[0]?.metadata.name;
    assert.deepEqual(stage.set.status, {
      observedGeneration: 1,
      replicas: 3,
      readyReplicas: 3,
      currentReplicas: 3,
      updatedReplicas: 3,
      currentRevision: revision,
      updateRevision: revision,
      availableReplicas: 3,
      collisionCount: 0,
    });
  });

  it('makes a pod anew that was deleted, has failed or has ended, under its name', async () => {
    await stage.open(aSet());
    await stage.finish();
    stage.world.clock.advance(2000);
    const before = stage.pods.map(({ metadata }) => metadata.uid);
    await stage.setStatus(stage.pod(0), { phase: 'Failed', reason: 'Evicted' });
    await stage.setStatus(stage.pod(2), { phase: 'Succeeded' });
    assert.ok(stage.pod(0).metadata.deletionTimestamp);
    assert.equal(stage.pod(2).metadata.deletionTimestamp, undefined, 'one at a time');
    await stage.finish();
    await stage.world.of(kinds.pods).delete('default', 'db-1');
    await stage.finish();
    assert.deepEqual(stage.names, ['db-0', 'db-1', 'db-2']);
    assert.ok(stage.pods.every(({ metadata }) => !before.includes(metadata.uid)));
  });

  it('does not make a pod that ends at once again and again without a pause', async () => {
    await stage.open(aSet({ replicas: 1 }));
    const first = stage.pod(0).metadata.uid;
    await stage.setStatus(stage.pod(0), { phase: 'Failed', reason: 'NodePorts' });
    assert.equal(stage.pod(0).metadata.uid, first);
    stage.world.clock.advance(2000);
    await settle();
    assert.notEqual(stage.pod(0).metadata.uid, first);
  });

  describe('with fewer replicas', () => {
    it('gives up the highest first, each when the one above it has gone', async () => {
      await stage.open(aSet());
      await stage.finish();
      await stage.edit(() => ({ replicas: 1 }));
      assert.deepEqual(deleting(), ['db-2']);
      await stage.step(stage.pod(2));
      assert.deepEqual(deleting(), ['db-1']);
      await stage.finish();
      assert.deepEqual(stage.names, ['db-0']);
    });

    it('gives up none while one below is not ready, unless it is that one', async () => {
      await stage.open(aSet());
      await stage.finish();
      await stage.setStatus(stage.pod(1), { phase: 'Running', conditions: [] });
      await stage.edit(() => ({ replicas: 2 }));
      assert.deepEqual(deleting(), []);
      await stage.edit(() => ({ replicas: 1 }));
      assert.deepEqual(deleting(), ['db-2'], 'it is up, though another that goes as well is not');
      await stage.step(stage.pod(2));
      assert.deepEqual(deleting(), ['db-1']);
    });

    it('waits for the one that is down before one that is down as well', async () => {
      await stage.open(aSet());
      await stage.finish();
      for (const ordinal of [1, 2]) await stage.setStatus(stage.pod(ordinal), { phase: 'Running', conditions: [] });
      await stage.edit(() => ({ replicas: 1 }));
      assert.deepEqual(deleting(), []);
      await stage.step(stage.pod(1));
      assert.deepEqual(deleting(), ['db-2']);
    });

    it('gives up all at once when they may be parallel, and follows a change of the first ordinal', async () => {
      await stage.open(aSet(PARALLEL));
      await stage.finish();
      await stage.edit(() => ({ replicas: 2, ordinals: { start: 2 } }));
      assert.deepEqual(deleting(), ['db-0', 'db-1']);
      await stage.finish();
      assert.deepEqual(stage.names, ['db-2', 'db-3']);
    });
  });

  describe('updates', () => {
    it('one after the other, highest first, and back again without a new revision', async () => {
      await stage.open(aSet());
      await stage.finish();
      const first = stage.set.status.currentRevision;
      await stage.setImage('db:2');
      assert.deepEqual(deleting(), ['db-2']);
      assert.equal(stage.set.status.currentRevision, first);
      assert.notEqual(stage.set.status.updateRevision, first);
      await stage.step(stage.pod(2));
      assert.deepEqual(stage.images, ['db:1', 'db:1', 'db:2']);
      assert.deepEqual(deleting(), [], 'the new one is not ready yet');
      await stage.step(stage.pod(2));
      assert.deepEqual(deleting(), ['db-1']);
      await stage.finish();
      assert.deepEqual(stage.images, ['db:2', 'db:2', 'db:2']);
      assert.equal(stage.set.status.currentRevision, stage.set.status.updateRevision);
      await stage.setImage('db:1');
      await stage.finish();
      assert.deepEqual(stage.images, ['db:1', 'db:1', 'db:1']);
      assert.equal(stage.set.status.updateRevision, first);
      const revisions = stage.world.all(kinds.controllerrevisions).map(({ revision }) => revision);
      assert.deepEqual(
        revisions.toSorted((a, b) => a - b),
        [2, 3],
      );
    });

    it('only from the partition on; what is lost below it comes back as it was', async () => {
      await stage.open(aSet({ updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 2 } } }));
      await stage.finish();
      await stage.setImage('db:2');
      await stage.finish();
      assert.deepEqual(stage.images, ['db:1', 'db:1', 'db:2']);
      for (const name of ['db-0', 'db-2']) await stage.world.of(kinds.pods).delete('default', name);
      await stage.finish();
      assert.deepEqual(stage.images, ['db:1', 'db:1', 'db:2']);
      assert.equal(stage.set.status.currentReplicas, 2);
      assert.equal(stage.set.status.updatedReplicas, 1);
      await stage.edit(() => ({ updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 0 } } }));
      await stage.finish();
      assert.deepEqual(stage.images, ['db:2', 'db:2', 'db:2']);
    });

    it('counts the partition from the first ordinal', async () => {
      const updateStrategy = { type: 'RollingUpdate', rollingUpdate: { partition: 1 } };
      await stage.open(aSet({ ordinals: { start: 10 }, updateStrategy }));
      await stage.finish();
      await stage.setImage('db:2');
      await stage.finish();
      assert.deepEqual(stage.images, ['db:1', 'db:2', 'db:2']);
    });

    it('as many at once as may be unavailable', async () => {
      const updateStrategy = { type: 'RollingUpdate', rollingUpdate: { partition: 0, maxUnavailable: '50%' } };
      await stage.open(aSet({ replicas: 5, updateStrategy }));
      await stage.finish();
      await stage.setImage('db:2');
      assert.deepEqual(deleting(), ['db-3', 'db-4']);
    });

    it('on deletion only, when told so', async () => {
      await stage.open(aSet({ updateStrategy: { type: 'OnDelete' } }));
      await stage.finish();
      await stage.setImage('db:2');
      await stage.finish();
      assert.deepEqual(stage.images, ['db:1', 'db:1', 'db:1']);
      await stage.world.of(kinds.pods).delete('default', 'db-0');
      await stage.finish();
      assert.deepEqual(stage.images, ['db:2', 'db:1', 'db:1']);
    });

    it('pods that can not start as they were, though they are not ready', async () => {
      await stage.open(aSet({ replicas: 2 }));
      await stage.finish();
      await stage.setImage('db:wrong');
      await stage.step(stage.pod(1));
      await stage.setStatus(stage.pod(1), stuck('ImagePullBackOff'));
      assert.deepEqual(deleting(), []);
      await stage.setImage('db:right');
      assert.deepEqual(stage.images, ['db:1', 'db:right']);
      await stage.finish();
      assert.deepEqual(stage.images, ['db:right', 'db:right']);
    });

    it('but not pods that may yet become ready, which it waits for', async () => {
      await stage.open(aSet({ replicas: 2 }));
      await stage.finish();
      await stage.setStatus(stage.pod(0), { phase: 'Running', conditions: [] });
      await stage.setImage('db:2');
      assert.deepEqual(deleting(), []);
      await stage.setStatus(stage.pod(0), RUNNING);
      assert.deepEqual(deleting(), ['db-1']);
    });

    it('no pod that is ready, though not for long enough, beyond those that may be unavailable', async () => {
      await stage.open(aSet({ ...PARALLEL, minReadySeconds: 10 }));
      for (const pod of stage.pods) await stage.step(pod);
      assert.deepEqual([stage.set.status.readyReplicas, stage.set.status.availableReplicas], [3, 0]);
      await stage.setImage('db:2');
      assert.deepEqual(deleting(), []);
      stage.world.clock.advance(10_000);
      await settle();
      assert.deepEqual(deleting(), ['db-2']);
    });

    it('what is down first, when they may be parallel', async () => {
      await stage.open(aSet(PARALLEL));
      await stage.finish();
      await stage.setStatus(stage.pod(0), { phase: 'Running', conditions: [] });
      await stage.setImage('db:2');
      assert.deepEqual(deleting(), ['db-0']);
      await stage.finish();
      assert.deepEqual(stage.images, ['db:2', 'db:2', 'db:2']);
    });
  });

  it('adopts a pod that has one of its names and labels, and tells it which it is; releases one that lost them', async () => {
    const { world } = stage;
    world.of(kinds.pods).seed({ ...aPod('db-0', { node: 'a', labels: { app: 'db' } }), status: RUNNING });
    world.of(kinds.pods).seed(aPod('db-x', { node: 'a', labels: { app: 'db' } }));
    world.of(kinds.pods).seed(aPod('db-00', { node: 'a', labels: { app: 'db' } }));
    await stage.open(aSet({ replicas: 1, updateStrategy: { type: 'OnDelete' } }));
    const owners = (): unknown[] =>
      world.all(kinds.pods).map(({ metadata }) => [metadata.name, metadata.ownerReferences?.length ?? 0]);
    assert.deepEqual(owners(), [
      ['db-0', 1],
      ['db-x', 0],
      ['db-00', 0],
    ]);
    const labels = world.all(kinds.pods)[0]?.metadata.labels;
    assert.equal(labels?.['apps.kubernetes.io/pod-index'], '0');
    assert.equal(world.all(kinds.pods)[0]?.metadata.annotations?.['dure.internal/identity'], 'true');
    await world.resource(kinds.pods).mutate('default', 'db-0', ({ metadata, ...pod }) => {
      return { ...pod, metadata: { ...metadata, labels: { app: 'other' } } };
    });
    await settle();
    assert.deepEqual(owners()[0], ['db-0', 0]);
    assert.ok(
      stage.told.includes('FailedCreate: create Pod db-0 in StatefulSet db failed error: pods "db-0" already exists'),
      stage.told.join('\n'),
    );
  });

  it('makes no more at once than it can, however many are wanted', () => {
    const most = 2 ** 31 - 1;
    const made = (podManagementPolicy: string, names: string[]): string[] => {
      const statefulSet = aSet({ replicas: most, podManagementPolicy });
      statefulSet.metadata.uid = 'set';
      const pods = names.map((name) => ({ ...aPod(name, { node: 'a', labels: { app: 'db' } }), status: RUNNING }));
      const plan = planStatefulSet({ statefulSet, revisions: [], pods, lookUp: () => undefined }, aMoment());
      return inShort(plan.actions).filter((action) => action.startsWith('create db-') && /-\d+$/.test(action));
    };
    assert.deepEqual(made('OrderedReady', ['db-0', 'db-9']), ['create db-1']);
    const parallel = made('Parallel', ['db-0', 'db-1000000']);
    assert.deepEqual([parallel[0], parallel.at(-1)], ['create db-1', 'create db-500']);
  });

  it('makes no pod with an ordinal that it would not know again', async () => {
    await stage.open(aSet({ ...PARALLEL, replicas: 5, ordinals: { start: 2 ** 31 - 2 } }));
    assert.deepEqual(stage.names, ['db-2147483646', 'db-2147483647']);
    await stage.setImage('db:2');
    for (let round = 0; round < 6; round += 1) for (const pod of stage.pods) await stage.step(pod);
    assert.deepEqual(stage.names, ['db-2147483646', 'db-2147483647']);
    assert.deepEqual(stage.images, ['db:2', 'db:2']);
    assert.equal(stage.set.status.currentRevision, stage.set.status.updateRevision);
  });

  it('says why it can not make a pod, and goes on when it can', async () => {
    stage.world.of(kinds.pods).refuse = forbidden(kinds.pods, 'db-0', 'exceeded quota');
    await stage.open(aSet({ replicas: 1 }));
    assert.equal(stage.set.status.observedGeneration, 1);
    assert.match(
      stage.told[0] ?? '',
      /^FailedCreate: create Pod db-0 in StatefulSet db failed error: .*exceeded quota$/,
    );
    stage.world.of(kinds.pods).refuse = undefined;
    stage.world.clock.advance(60_000);
    await stage.finish();
    assert.deepEqual(stage.names, ['db-0']);
  });

  it('takes another name for a revision when it is taken, and keeps as many old ones as it should', async () => {
    await stage.open(aSet({ replicas: 1, revisionHistoryLimit: 1 }));
    await stage.finish();
    for (const image of ['db:2', 'db:3', 'db:4']) {
      await stage.setImage(image);
      await stage.finish();
    }
    assert.deepEqual(
      stage.world
        .all(kinds.controllerrevisions)
        .map(({ revision }) => revision)
        .toSorted((a, b) => a - b),
      [3, 4],
    );
    const revisions = stage.world.of(kinds.controllerrevisions);
    const taken = stage.set.status.currentRevision ?? '';
    revisions.remove(await revisions.get('default', taken));
    revisions.seed({ metadata: { name: taken, namespace: 'default' }, data: { other: 1 }, revision: 1 } as never);
    await stage.finish();
    assert.equal(stage.set.status.collisionCount, 1);
    assert.notEqual(stage.set.status.updateRevision, taken);
  });

  it('does nothing more while it is being deleted', async () => {
    await stage.open(aSet());
    await stage.finish();
    await stage.world.of(kinds.statefulsets).delete('default', 'db', { propagationPolicy: 'Foreground' });
    await stage.world.of(kinds.pods).delete('default', 'db-2');
    await stage.step(stage.pod(2));
    assert.deepEqual(stage.names, ['db-0', 'db-1']);
    assert.equal(stage.set.status.replicas, 2);
  });

  describe('claims', () => {
    const claims = (): string[] =>
      stage.world.all(kinds.persistentvolumeclaims).map(({ metadata }) => metadata.name ?? '');
    const owners = (): string[] =>
      stage.world
        .all(kinds.persistentvolumeclaims)
        .map(({ metadata }) => (metadata.ownerReferences ?? []).map(({ kind, name }) => `${kind} ${name}`).join());
    const withClaims = (whenDeleted = 'Retain', whenScaled = 'Retain'): Partial<ReturnType<typeof aSet>['spec']> => ({
      replicas: 2,
      volumeClaimTemplates: [aClaim('data'), aClaim('log')],
      persistentVolumeClaimRetentionPolicy: { whenDeleted, whenScaled },
    });

    it('are there before the pod, which mounts them, and stay when it goes', async () => {
      const resource = stage.world.of(kinds.persistentvolumeclaims);
      resource.refuse = forbidden(kinds.persistentvolumeclaims, 'data-db-0', 'exceeded quota');
      await stage.open(aSet(withClaims()));
      assert.deepEqual(stage.names, []);
      assert.match(
        stage.told[0] ?? '',
        /^FailedCreate: create Claim \w+-db-0 for Pod db-0 in StatefulSet db failed error: .*exceeded quota$/,
      );
      resource.refuse = undefined;
      stage.world.clock.advance(60_000);
      await stage.finish();
      assert.deepEqual(claims(), ['data-db-0', 'log-db-0', 'data-db-1', 'log-db-1']);
      assert.deepEqual(
        stage.pod(1).spec.volumes?.map(({ name, persistentVolumeClaim }) => [name, persistentVolumeClaim?.claimName]),
        [
          ['data', 'data-db-1'],
          ['log', 'log-db-1'],
        ],
      );
      assert.ok(stage.told.includes('SuccessfulCreate: create Claim data-db-1 Pod db-1 in StatefulSet db success'));
      await stage.edit(() => ({ replicas: 0 }));
      await stage.finish();
      assert.equal(claims().length, 4);
      assert.deepEqual(new Set(owners()), new Set(['']));
    });

    it('come again for a pod that waits for them', async () => {
      await stage.open(aSet(withClaims()));
      await stage.setStatus(stage.pod(0), { phase: 'Pending' });
      const resource = stage.world.of(kinds.persistentvolumeclaims);
      resource.remove(await resource.get('default', 'data-db-0'));
      await settle();
      assert.ok(claims().includes('data-db-0'));
    });

    it('are waited for while they are being deleted', async () => {
      const resource = stage.world.of(kinds.persistentvolumeclaims);
      const going = { deletionTimestamp: '2026-01-01T00:00:00Z', finalizers: ['kubernetes.io/pvc-protection'] };
      const claim = resource.seed({
        ...aClaim('data-db-0'),
        metadata: { name: 'data-db-0', namespace: 'default', ...going },
      });
      await stage.open(aSet(withClaims()));
      assert.deepEqual(stage.names, []);
      resource.remove(claim as never);
      await settle();
      assert.deepEqual(stage.names, ['db-0']);
    });

    it('go with the set, when the policy says so', async () => {
      await stage.open(aSet(withClaims('Delete')));
      await stage.finish();
      assert.deepEqual(new Set(owners()), new Set(['StatefulSet db']));
      await stage.edit(() => ({
        persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Retain', whenScaled: 'Retain' },
      }));
      assert.deepEqual(new Set(owners()), new Set(['']));
    });

    it('go with a pod that is given up, when the policy says so, and are the set’s otherwise', async () => {
      await stage.open(aSet(withClaims('Delete', 'Delete')));
      await stage.finish();
      await stage.edit(() => ({ replicas: 1 }));
      assert.deepEqual(owners(), ['StatefulSet db', 'StatefulSet db', 'Pod db-1', 'Pod db-1']);
      assert.deepEqual(deleting(), ['db-1']);
      await stage.step(stage.pod(1));
      await stage.edit(() => ({ replicas: 2 }));
      await stage.step(stage.pod(0));
      assert.deepEqual(stage.names, ['db-0'], 'the claims of the former db-1 are about to go');
      const resource = stage.world.of(kinds.persistentvolumeclaims);
      for (const name of ['data-db-1', 'log-db-1']) resource.remove(await resource.get('default', name));
      await stage.finish();
      assert.deepEqual(owners(), Array(4).fill('StatefulSet db'));
    });

    it('of somebody else are left alone', async () => {
      const owner = { apiVersion: 'v1', kind: 'ConfigMap', name: 'mine', uid: 'x', controller: true };
      stage.world.of(kinds.persistentvolumeclaims).seed({
        ...aClaim('data-db-0'),
        metadata: { name: 'data-db-0', namespace: 'default', ownerReferences: [owner] },
      });
      await stage.open(aSet(withClaims('Delete')));
      await stage.finish();
      assert.deepEqual(owners(), ['ConfigMap mine', 'StatefulSet db', 'StatefulSet db', 'StatefulSet db']);
    });
  });

  function deleting(): string[] {
    return stage.pods.filter(({ metadata }) => metadata.deletionTimestamp).map(nameOf);
  }
});
