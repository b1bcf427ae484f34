/** Stateful sets on a real cluster, step by step as Kubernetes' conformance tests of them go. */
import assert from 'node:assert/strict';
import { IMAGES } from '../../cli/local/images.ts';
import type { ControllerRevision, StatefulSet } from '../../api/types/apps.v1.ts';
import type { Pod } from '../../api/types/core.v1.ts';
import { Informer } from '../../lib/client/informer.ts';
import { systemClock } from '../../lib/clock.ts';
import { TestCluster } from '../support/cluster.ts';
import { dure } from '../support/dure.ts';
import { isReadyPod } from '../support/fleet.ts';
import { Session } from '../support/session.ts';
import { until } from '../support/until.ts';

const LABELS = { foo: 'bar', baz: 'blah' };
const NAME = 'ss';
/** Its readiness follows a file, so that a test can break it. */
const BREAK = 'mv /www/healthz /tmp/healthz';
const RESTORE = 'mv /tmp/healthz /www/healthz';

function manifest(replicas: number, fields: object = {}, pod: object = {}, container: object = {}): object {
  const probe = {
    httpGet: { path: '/healthz', port: 8080 },
    periodSeconds: 1,
    successThreshold: 1,
    failureThreshold: 1,
  };
  return {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: { name: NAME },
    spec: {
      replicas,
      serviceName: 'test',
      selector: { matchLabels: LABELS },
      template: {
        metadata: { labels: LABELS },
        spec: {
          terminationGracePeriodSeconds: 1,
          containers: [{ name: 'webserver', image: IMAGES.hello, readinessProbe: probe, ...container }],
          ...pod,
        },
      },
      ...fields,
    },
  };
}

const SERVICE = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'test' },
  spec: { clusterIP: 'None', selector: LABELS, ports: [{ name: 'http', port: 80, targetPort: 8080 }] },
};

/** One stateful set in a namespace of its own, and what a watch tells of it and its pods. */
class Scene {
  readonly session: Session;
  readonly path: string;
  private readonly sets: Informer<StatefulSet>;
  private readonly pods: Informer<Pod>;
  /** `+ss-0` when a pod came, `-ss-0` when it went. */
  readonly order: string[] = [];

  private constructor(session: Session) {
    const { client } = session.cluster;
    const namespace = `namespaces/${session.namespace}`;
    this.session = session;
    this.path = `/apis/apps/v1/${namespace}/statefulsets/${NAME}`;
    this.sets = new Informer({ client, clock: systemClock, path: `/apis/apps/v1/${namespace}/statefulsets` });
    this.pods = new Informer({
      client,
      clock: systemClock,
      path: `/api/v1/${namespace}/pods`,
      query: { labelSelector: 'foo=bar' },
    });
    this.pods.subscribe(({ type, object }) => {
      if (type !== 'updated') this.order.push(`${type === 'added' ? '+' : '-'}${object.metadata.name}`);
    });
  }

  static async open(cluster: TestCluster, name: string, set: object): Promise<Scene> {
    const scene = new Scene(await Session.open(cluster, name));
    await Promise.all([scene.sets.start(), scene.pods.start()]);
    await scene.session.apply(JSON.stringify(SERVICE));
    await scene.session.apply(JSON.stringify(set));
    return scene;
  }

  async close(): Promise<void> {
    await Promise.all([this.sets.stop(), this.pods.stop()]);
    await this.session.close();
  }

  get set(): StatefulSet {
    const [set] = this.sets.list();
    assert.ok(set);
    return set;
  }

  get members(): Pod[] {
    return [...this.pods.list()].toSorted((a, b) => ((a.metadata.name ?? '') < (b.metadata.name ?? '') ? -1 : 1));
  }

  images(): (string | undefined)[] {
    return this.members.map(({ spec }) => spec.containers[0]?.image);
  }

  revisions(): (string | undefined)[] {
    return this.members.map(({ metadata }) => metadata.labels?.['controller-revision-hash']);
  }

  /** Until it holds of the set and its pods. */
  async until(what: string, holds: () => boolean): Promise<void> {
    await until([this.sets, this.pods], holds, {
      what,
      instead: () => [
        this.members.map((pod) => [pod.metadata.name, pod.status.phase, isReadyPod(pod)]),
        this.set.status,
      ],
    });
  }

  /** The controller has seen the set as it is now. */
  observed(): Promise<void> {
    const isNew = (): boolean => (this.set.status.observedGeneration ?? 0) >= (this.set.metadata.generation ?? 0);
    return this.until('the set is observed', isNew);
  }

  /** So many pods run and are ready, and there is no other. */
  async ready(replicas: number): Promise<void> {
    const isUp = (pod: Pod): boolean => isReadyPod(pod) && pod.metadata.deletionTimestamp === undefined;
    await this.until(`${replicas} pods are ready`, () => {
      const { members, set } = this;
      return members.length === replicas && members.every(isUp) && set.status.readyReplicas === replicas;
    });
  }

  async unready(pod: string): Promise<void> {
    await this.until(`${pod} is not ready`, () =>
      this.members.some((member) => member.metadata.name === pod && !isReadyPod(member)),
    );
  }

  async patch(spec: object): Promise<void> {
    await this.session.run(['patch', 'statefulset', NAME, '--type=merge', '-p', JSON.stringify({ spec })]);
    const generation = this.set.metadata.generation ?? 0;
    await this.until('the patch is seen', () => (this.set.metadata.generation ?? 0) >= generation);
    await this.observed();
  }

  async setImage(image: string): Promise<void> {
    await this.session.run(`set image statefulset/${NAME} webserver=${image}`);
    await this.until('the image is seen', () => this.set.spec.template.spec.containers[0]?.image === image);
    await this.observed();
  }

  async setPartition(partition: number): Promise<void> {
    await this.patch({ updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition } } });
    await this.until(
      'the partition is seen',
      () => this.set.spec.updateStrategy.rollingUpdate?.partition === partition,
    );
    await this.observed();
  }

  /** The update has reached the pods from the partition on. */
  async updated(): Promise<void> {
    await this.until('the update is done', () => {
      const { status, spec } = this.set;
      const partition = spec.updateStrategy.rollingUpdate?.partition ?? 0;
      const late = this.revisions().slice(partition);
      return late.every((revision) => revision === status.updateRevision) && status.readyReplicas === spec.replicas;
    });
    await this.ready(this.set.spec.replicas ?? 1);
  }
}

describe('stateful sets', function () {
  this.timeout(120_000);
  let cluster: TestCluster;
  let scene: Scene;

  before(async () => {
    cluster = await TestCluster.start({ nodes: 2 });
  });
  afterEach(() => scene?.close());
  after(() => cluster?.stop());

  /** `dure` says what kubectl says. */
  async function likeKubectl(line: string): Promise<void> {
    const args = ['--namespace', scene.session.namespace, ...line.split(' ')];
    const { code, stdout, stderr } = await dure(cluster.local.kubeconfig, args);
    assert.deepEqual([code, stdout], [0, await scene.session.run(line)], stderr);
  }

  async function open(name: string, set: object): Promise<void> {
    scene = await Scene.open(cluster, name, set);
  }

  it('should perform rolling updates and roll backs of template modifications', async () => {
    await open('rolling', manifest(3));
    await scene.ready(3);
    const first = scene.set.status.currentRevision;
    assert.equal(scene.set.status.updateRevision, first);
    assert.deepEqual(scene.revisions(), [first, first, first]);
    assert.deepEqual(scene.order, ['+ss-0', '+ss-1', '+ss-2']);
    const steps: [string, () => Promise<unknown>][] = [
      [IMAGES.hello, () => scene.setImage(IMAGES.hello2)],
      [IMAGES.hello2, () => scene.session.run(`rollout undo statefulset/${NAME}`)],
    ];
    for (const [before, change] of steps) {
      await scene.session.sh('ss-1', BREAK);
      await scene.unready('ss-1');
      await change();
      await scene.until('there is another revision', () => {
        const { currentRevision, updateRevision } = scene.set.status;
        return currentRevision !== updateRevision;
      });
      assert.deepEqual(scene.images(), [before, before, before], 'it waits for the pod that is not ready');
      await scene.session.sh('ss-1', RESTORE);
      scene.order.length = 0;
      await scene.updated();
      assert.deepEqual(scene.order, ['-ss-2', '+ss-2', '-ss-1', '+ss-1', '-ss-0', '+ss-0']);
      await scene.until('the update is complete', () => {
        const { currentRevision, updateRevision } = scene.set.status;
        return currentRevision === updateRevision;
      });
    }
    assert.equal(scene.set.status.updateRevision, first, 'going back makes no new revision');
    const history = await scene.session.run(`rollout history statefulset/${NAME}`);
    assert.match(history, /^REVISION +CHANGE-CAUSE\n2 +<none>\n3 +<none>\n/m);
    assert.deepEqual(scene.images(), [IMAGES.hello, IMAGES.hello, IMAGES.hello]);
    const described = await scene.session.run(`describe statefulset ${NAME}`);
    assert.match(described, /Normal +SuccessfulDelete .* delete Pod ss-2 in StatefulSet ss successful/);
    await likeKubectl(`rollout status statefulset/${NAME}`);
    await likeKubectl(`rollout history statefulset/${NAME}`);
    await likeKubectl(`rollout undo statefulset/${NAME} --dry-run=server`);
    await likeKubectl(`rollout undo statefulset/${NAME} --to-revision=3`);
  });

  it('should perform canary updates and phased rolling updates of template modifications', async () => {
    await open('canary', manifest(3, { updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 3 } } }));
    await scene.ready(3);
    const old = scene.set.status.currentRevision;
    await scene.setImage(IMAGES.hello2);
    const next = scene.set.status.updateRevision;
    assert.notEqual(next, old);
    assert.deepEqual(scene.revisions(), [old, old, old]);
    await scene.setPartition(2);
    await scene.updated();
    assert.deepEqual(scene.revisions(), [old, old, next]);
    await scene.session.run('delete pod ss-0 ss-2');
    await scene.ready(3);
    assert.deepEqual(scene.revisions(), [old, old, next]);
    assert.deepEqual(scene.images(), [IMAGES.hello, IMAGES.hello, IMAGES.hello2]);
    await scene.setPartition(1);
    await scene.updated();
    assert.deepEqual(scene.revisions(), [old, next, next]);
    await scene.setPartition(0);
    await scene.updated();
    assert.deepEqual(scene.revisions(), [next, next, next]);
    await scene.until('the update is complete', () => scene.set.status.currentRevision === next);
  });

  it('Scaling should happen in predictable order and halt if any stateful pod is unhealthy', async () => {
    await open('scaling', manifest(1));
    await scene.ready(1);
    await scene.session.sh('ss-0', BREAK);
    await scene.until('none is ready', () => (scene.set.status.readyReplicas ?? 0) === 0);
    await scene.patch({ replicas: 3 });
    assert.deepEqual(scene.order, ['+ss-0']);
    await scene.session.sh('ss-0', RESTORE);
    await scene.ready(3);
    assert.deepEqual(scene.order, ['+ss-0', '+ss-1', '+ss-2']);
    for (const pod of ['ss-0', 'ss-1', 'ss-2']) await scene.session.sh(pod, BREAK);
    await scene.until('none is ready', () => (scene.set.status.readyReplicas ?? 0) === 0);
    scene.order.length = 0;
    await scene.patch({ replicas: 0 });
    assert.ok(scene.members.every(({ metadata }) => metadata.deletionTimestamp === undefined));
    // Once the others are ready, the last one goes whether it is or not.
    for (const pod of ['ss-0', 'ss-1', 'ss-2']) await scene.session.try(['exec', pod, '--', 'sh', '-c', RESTORE]);
    await scene.until('all are gone', () => scene.members.length === 0);
    assert.deepEqual(scene.order, ['-ss-2', '-ss-1', '-ss-0']);
  });

  it('Burst scaling should run to completion even with unhealthy pods', async () => {
    await open('burst', manifest(1, { podManagementPolicy: 'Parallel' }));
    await scene.ready(1);
    await scene.session.sh('ss-0', BREAK);
    await scene.unready('ss-0');
    await scene.patch({ replicas: 3 });
    await scene.until('there are three', () => scene.members.length === 3);
    await scene.session.sh('ss-0', RESTORE);
    await scene.ready(3);
    for (const pod of ['ss-0', 'ss-1', 'ss-2']) await scene.session.sh(pod, BREAK);
    await scene.until('none is ready', () => (scene.set.status.readyReplicas ?? 0) === 0);
    await scene.patch({ replicas: 0 });
    await scene.until('all are gone', () => scene.members.length === 0 && scene.set.status.replicas === 0);
  });

  it('Should recreate evicted statefulset', async () => {
    const [node] = cluster.local.nodeNames;
    const ports = [{ name: 'conflict', hostPort: 21017, containerPort: 21017 }];
    const session = await Session.open(cluster, 'in-the-way');
    const container = { name: 'webserver', image: IMAGES.hello, ports };
    const pod = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'test-pod' },
      spec: { nodeName: node, containers: [container] },
    };
    await session.apply(JSON.stringify(pod));
    await session.wait('--for=condition=Ready pod/test-pod');
    await open('evicted', manifest(1, {}, { nodeName: node }, { ports }));
    await scene.until('it was made anew at least once', () => scene.order.includes('-ss-0'));
    await session.run('delete pod test-pod --grace-period=0 --force');
    await scene.ready(1);
    await session.close();
  });

  it('should have a working scale subresource', async () => {
    await open('scale', manifest(1));
    await scene.ready(1);
    const { client } = cluster;
    interface Scale {
      metadata: { resourceVersion?: string };
      spec: { replicas?: number };
      status: { replicas: number };
    }
    const scale = await client.get<Scale>(`${scene.path}/scale`);
    assert.deepEqual([scale.spec.replicas, scale.status.replicas], [1, 1]);
    const { resourceVersion: _, ...metadata } = scale.metadata;
    const updated = await client.update<Scale>(`${scene.path}/scale`, { ...scale, metadata, spec: { replicas: 2 } });
    assert.equal(updated.spec.replicas, 2);
    await client.patch(`${scene.path}/scale`, 'strategic-merge-patch', { spec: { replicas: 4 } });
    assert.equal((await client.get<StatefulSet>(scene.path)).spec.replicas, 4);
    await scene.ready(4);
  });

  it('should list, patch and delete a collection of StatefulSets', async () => {
    await open('collection', manifest(1));
    await scene.ready(1);
    const containers = [{ name: NAME, image: IMAGES.pause }];
    const spec = { replicas: 2, template: { spec: { TerminationGracePeriodSeconds: 1, containers } } };
    const patch = { metadata: { labels: { 'test-ss': 'patched' } }, spec };
    const { client } = cluster;
    const patched = await client.patch<StatefulSet>(scene.path, 'strategic-merge-patch', patch);
    assert.equal(patched.spec.template.spec.containers[0]?.image, IMAGES.pause);
    await scene.ready(2);
    await scene.updated();
    const query = { labelSelector: 'test-ss=patched' };
    assert.equal((await client.list('/apis/apps/v1/statefulsets', { query })).items.length, 1);
    const collection = `/apis/apps/v1/namespaces/${scene.session.namespace}/statefulsets`;
    await client.delete(collection, { gracePeriodSeconds: 1 }, { query });
    assert.equal((await client.list('/apis/apps/v1/statefulsets', { query })).items.length, 0);
    await scene.until('its pods go with it', () => scene.members.length === 0);
    const left = await client.list<ControllerRevision>(collection.replace('statefulsets', 'controllerrevisions'));
    assert.deepEqual(left.items, [], 'and its revisions');
  });

  it('should validate Statefulset Status endpoints', async () => {
    await open('status', manifest(1));
    await scene.ready(1);
    const { client } = cluster;
    await client.patch(scene.path, 'strategic-merge-patch', { metadata: { labels: { e2e: 'testing' } } });
    const set = await client.get<StatefulSet>(`${scene.path}/status`);
    const condition = { type: 'StatusUpdate', status: 'True', reason: 'E2E', message: 'Set from e2e test' };
    set.status.conditions = [condition];
    await client.update(`${scene.path}/status`, set);
    const has = (type: string): boolean => scene.set.status.conditions?.some((one) => one.type === type) ?? false;
    await scene.until('the update is seen', () => has('StatusUpdate'));
    const conditions = [{ type: 'StatusPatched', status: 'True' }];
    await client.patch(`${scene.path}/status`, 'merge-patch', { status: { conditions } });
    await scene.until('the patch is seen', () => has('StatusPatched'));
    await scene.patch({ replicas: 2 });
    await scene.ready(2);
    assert.ok(has('StatusPatched'), 'the controller keeps what others say');
  });

  it('gives each pod a name in DNS, and takes its claims along as the policy says', async () => {
    await open('names', manifest(2));
    await scene.ready(2);
    assert.equal(
      await scene.session.sh('ss-0', 'wget -q -O - http://ss-1.test:8080/cgi-bin/index.cgi'),
      'Hello from ss-1\n',
    );
    assert.equal((await scene.session.sh('ss-1', 'hostname -f')).trim(), 'ss-1.test.names.svc.cluster.local');
    const claims = {
      ...manifest(2, {
        podManagementPolicy: 'Parallel',
        volumeClaimTemplates: [
          {
            metadata: { name: 'data' },
            spec: {
              accessModes: ['ReadWriteOnce'],
              storageClassName: 'none',
              resources: { requests: { storage: '1Mi' } },
            },
          },
        ],
        persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Delete' },
      }),
      metadata: { name: 'with-claims' },
    };
    await scene.session.apply(JSON.stringify(claims));
    await scene.session.wait('--for=create pvc/data-with-claims-0 pvc/data-with-claims-1');
    await scene.session.run('delete statefulset with-claims');
    await scene.session.wait('--for=delete pvc/data-with-claims-0 pvc/data-with-claims-1');
  });
});
