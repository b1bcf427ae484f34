import assert from 'node:assert/strict';

import fc from 'fast-check';

import { forbidden } from '../../../api/errors.ts';
import { kinds } from '../../../api/kinds.ts';
import type { Deployment } from '../../../api/types/apps.v1.ts';
import type { Pod } from '../../../api/types/core.v1.ts';
import { isActive, isReady } from '../../../control-plane/controllers/conditions.ts';
import { DeploymentController } from '../../../control-plane/controllers/deployment/deployment.ts';
import type { Fleet } from '../../../control-plane/controllers/deployment/fleet.ts';
import { boundsOf, replicasOf } from '../../../control-plane/controllers/deployment/fleet.ts';
import { annotationsFor } from '../../../control-plane/controllers/deployment/revision.ts';
import { templateHash } from '../../../control-plane/controllers/template-hash.ts';
import { ReplicaSetController } from '../../../control-plane/controllers/replicaset/replicaset.ts';
import { World, settle } from './world.ts';

function aDeployment(fields: Partial<Deployment['spec']> = {}): Deployment {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web', namespace: 'default' },
    spec: {
      replicas: 3,
      selector: { matchLabels: { app: 'web' } },
      template: {
        metadata: { labels: { app: 'web' } },
        spec: { containers: [{ name: 'main', image: 'web:1', resources: {} }] },
      },
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
      revisionHistoryLimit: 10,
      progressDeadlineSeconds: 600,
      ...fields,
    },
    status: {},
  };
}

class Stage {
  readonly world = new World();
  private readonly runners = [
    new DeploymentController({ registry: this.world }),
    new ReplicaSetController({ registry: this.world }),
  ].map((controller) => this.world.runner(controller));

  async open(deployment: Deployment): Promise<void> {
    await this.world.of(kinds.deployments).create(deployment);
    for (const runner of this.runners) await runner.start();
    await settle();
  }

  async close(): Promise<void> {
    for (const runner of this.runners) await runner.stop();
  }

  get deployment(): Deployment {
    const [deployment] = this.world.all(kinds.deployments);
    assert.ok(deployment);
    return deployment;
  }

  get active(): Pod[] {
    return this.world.all(kinds.pods).filter(isActive);
  }

  async edit(change: (spec: Deployment['spec']) => Partial<Deployment['spec']>): Promise<void> {
    await this.world
      .resource(kinds.deployments)
      .mutate('default', 'web', (now) => ({ ...now, spec: { ...now.spec, ...change(now.spec) } }));
  }

  setImage(image: string): Promise<void> {
    return this.edit(({ template }) => ({
      template: { ...template, spec: { containers: [{ name: 'main', image, resources: {} }] } },
    }));
  }

  /** The node side of one pod: it becomes ready, or what is being deleted is gone. */
  async stepPod(pod: Pod): Promise<void> {
    const pods = this.world.of(kinds.pods);
    if (pod.metadata.deletionTimestamp) pods.remove(pod);
    else if (!isReady(pod)) {
      const lastTransitionTime = this.world.clock.date().toISOString();
      const status = { phase: 'Running', conditions: [{ type: 'Ready', status: 'True', lastTransitionTime }] };
      const spec = { ...pod.spec, nodeName: 'node-1' };
      await this.world.resource(kinds.pods).mutate('default', pod.metadata.name ?? '', (now) => ({ ...now, spec }));
      await this.world
        .resource(kinds.pods)
        .mutate('default', pod.metadata.name ?? '', (now) => ({ ...now, status }), { subresource: 'status' });
    }
  }

  /** Everything goes on until nothing changes any more. */
  async finish(): Promise<void> {
    this.world.lagging = false;
    for (let round = 0; round < 100; round += 1) {
      this.world.deliver();
      this.world.clock.advance(1000);
      await settle();
      const open = this.world.all(kinds.pods).filter((pod) => pod.metadata.deletionTimestamp || !isReady(pod));
      if (
        open.length === 0 &&
        this.deployment.status?.updatedReplicas === replicasOf(this.deployment) &&
        this.active.length === replicasOf(this.deployment)
      )
        return;
      for (const pod of open) await this.stepPod(pod);
      await settle();
    }
    assert.fail(`it does not converge: ${JSON.stringify(this.deployment.status)}`);
  }
}

describe('deployment controller', () => {
  let stage: Stage;

  beforeEach(() => {
    stage = new Stage();
  });

  afterEach(() => stage.close());

  it('makes a replica set and its pods, and says when they are available', async () => {
    await stage.open(aDeployment());
    assert.equal(stage.active.length, 3);
    assert.match(
      stage.world.events.find(({ reason }) => reason === 'ScalingReplicaSet')?.message ?? '',
      /^Scaled up replica set web-\w+ from 0 to 3$/,
    );
    await stage.finish();
    const { status, metadata } = stage.deployment;
    assert.equal(metadata.annotations?.['deployment.kubernetes.io/revision'], '1');
    const reasons = Object.fromEntries((status.conditions ?? []).map(({ type, reason }) => [type, reason]));
    assert.deepEqual(reasons, { Available: 'MinimumReplicasAvailable', Progressing: 'NewReplicaSetAvailable' });
    assert.deepEqual(
      [status.availableReplicas, status.updatedReplicas, status.unavailableReplicas, status.observedGeneration],
      [3, 3, undefined, 1],
    );
  });

  it('rolls to a new template and back, counting revisions up', async () => {
    await stage.open(aDeployment());
    await stage.finish();
    await stage.setImage('web:2');
    await stage.finish();
    assert.equal(stage.deployment.metadata.annotations?.['deployment.kubernetes.io/revision'], '2');
    await stage.setImage('web:1');
    await stage.finish();
    assert.equal(stage.deployment.metadata.annotations?.['deployment.kubernetes.io/revision'], '3');
    const sets = stage.world.all(kinds.replicasets);
    assert.equal(sets.length, 2);
    const first = sets.find(({ spec }) => replicasOf({ spec }) === 3);
    assert.equal(first?.metadata.annotations?.['deployment.kubernetes.io/revision-history'], '1');
  });

  it('keeps no more old replica sets than the history limit', async () => {
    await stage.open(aDeployment({ revisionHistoryLimit: 1 }));
    for (const image of ['web:2', 'web:3', 'web:4']) {
      await stage.finish();
      await stage.setImage(image);
      await settle();
    }
    await stage.finish();
    await settle();
    assert.equal(stage.world.all(kinds.replicasets).length, 2);
  });

  it('says when it makes no progress for too long', async () => {
    await stage.open(aDeployment({ progressDeadlineSeconds: 60 }));
    stage.world.clock.advance(62_000);
    await settle();
    const progressing = stage.deployment.status.conditions?.find(({ type }) => type === 'Progressing');
    assert.deepEqual([progressing?.status, progressing?.reason], ['False', 'ProgressDeadlineExceeded']);
  });

  it('starts no new pod before the old ones have ended, with Recreate', async () => {
    await stage.open(aDeployment({ strategy: { type: 'Recreate' } }));
    await stage.finish();
    await stage.setImage('web:2');
    await settle();
    assert.equal(stage.active.length, 0);
    assert.equal(stage.world.all(kinds.pods).length, 3);
    await stage.finish();
    assert.ok(stage.active.every(({ spec }) => spec.containers[0]?.image === 'web:2'));
  });

  it('scales in proportion while a rollout is paused', async () => {
    await stage.open(
      aDeployment({
        replicas: 4,
        strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 2, maxUnavailable: 0 } },
      }),
    );
    await stage.finish();
    await stage.setImage('web:2');
    await settle();
    await stage.edit(() => ({ paused: true, replicas: 10 }));
    await settle();
    const sizes = stage.world
      .all(kinds.replicasets)
      .map(replicasOf)
      .toSorted((a, b) => a - b);
    assert.deepEqual(sizes, [4, 8]);
  });

  it('says why it can not make its replica set, and goes on when it can', async () => {
    stage.world.of(kinds.replicasets).refuse = forbidden(kinds.replicasets, 'web', 'exceeded quota');
    await stage.open(aDeployment());
    const progressing = () => stage.deployment.status.conditions?.find(({ type }) => type === 'Progressing');
    assert.deepEqual([progressing()?.status, progressing()?.reason], ['False', 'ReplicaSetCreateError']);
    assert.match(progressing()?.message ?? '', /^Failed to create new replica set "web-\w+": .*exceeded quota/);
    assert.ok(stage.world.events.some(({ type, reason }) => type === 'Warning' && reason === 'ReplicaSetCreateError'));
    stage.world.of(kinds.replicasets).refuse = undefined;
    stage.world.clock.advance(60_000);
    await settle();
    await stage.finish();
    assert.equal(progressing()?.reason, 'NewReplicaSetAvailable');
    assert.equal(stage.deployment.status.terminatingReplicas, 0);
  });

  it('counts revisions on that no number holds exactly', () => {
    const annotations = { 'deployment.kubernetes.io/revision': '3546343826724305832' };
    const fleet = { deployment: aDeployment(), old: [{ metadata: { annotations }, spec: {} }], pods: [] };
    const next = annotationsFor(fleet as unknown as Fleet)['deployment.kubernetes.io/revision'];
    assert.equal(next, '3546343826724305833');
  });

  it('keeps a history of revisions that fits into an annotation', () => {
    const deployment = aDeployment();
    const old = { metadata: { annotations: { 'deployment.kubernetes.io/revision': '9999' } }, spec: {} };
    const before = {
      'deployment.kubernetes.io/revision': '9998',
      'deployment.kubernetes.io/revision-history': Array(400).fill('1234').join(),
    };
    const current = { metadata: { annotations: before }, spec: {} };
    const fleet = { deployment, current, old: [old], pods: [] } as unknown as Fleet;
    const history = annotationsFor(fleet, before)['deployment.kubernetes.io/revision-history'] ?? '';
    assert.ok(history.length <= 2000 && history.endsWith('1234,9998'));
  });

  it('gives another hash when its name is taken by a foreign replica set', async () => {
    const deployment = aDeployment();
    const name = `web-${templateHash(deployment.spec.template, 0)}`;
    const template = { metadata: { labels: { other: 'x' } } };
    stage.world
      .of(kinds.replicasets)
      .seed({ metadata: { name, namespace: 'default' }, spec: { replicas: 0, template }, status: {} } as never);
    await stage.open(deployment);
    await stage.finish();
    assert.equal(stage.deployment.status.collisionCount, 1);
  });

  it('holds its bounds at every step and converges, however late the views are', async () => {
    const step = fc.oneof(
      { weight: 6, arbitrary: fc.record({ do: fc.constant('pod' as const), pick: fc.nat(20) }) },
      { weight: 6, arbitrary: fc.record({ do: fc.constant('deliver' as const), pick: fc.nat(40) }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constant('image' as const), pick: fc.nat(2) }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constant('time' as const), pick: fc.nat(3000) }) },
    );
    const setting = fc.record({
      replicas: fc.integer({ min: 1, max: 5 }),
      maxSurge: fc.nat(3),
      maxUnavailable: fc.nat(3),
    });
    const law = fc.asyncProperty(
      setting,
      fc.array(step, { maxLength: 60 }),
      async ({ replicas, ...rollingUpdate }, steps) => {
        const play = new Stage();
        await play.open(aDeployment({ replicas, strategy: { type: 'RollingUpdate', rollingUpdate } }));
        await play.finish();
        const { surge, unavailable } = boundsOf(play.deployment);
        const broken: string[] = [];
        play.world.onWrite = () => {
          const available = play.active.filter(isReady).length;
          if (play.active.length > replicas + surge) broken.push(`${play.active.length} pods`);
          if (available < replicas - unavailable) broken.push(`${available} available`);
        };
        play.world.lagging = true;
        await play.setImage('web:9');
        for (const { do: verb, pick } of steps) {
          const pods = play.world.all(kinds.pods);
          const pod = pods[pick % pods.length];
          if (verb === 'pod' && pod) await play.stepPod(pod);
          if (verb === 'deliver') play.world.deliverSome((pick % 4) + 1, pick);
          if (verb === 'image') await play.setImage(`web:${pick}`);
          if (verb === 'time') play.world.clock.advance(pick);
          await settle();
        }
        await play.finish();
        assert.deepEqual(broken, []);
        const image = play.deployment.spec.template.spec?.containers[0]?.image;
        assert.ok(play.active.every(({ spec }) => spec.containers[0]?.image === image));
        await play.close();
      },
    );
    await fc.assert(law, { numRuns: 150 });
  });
});
