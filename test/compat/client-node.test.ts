/** `@kubernetes/client-node`, as it comes: typed calls, watches, informers, streams, usage, applying and patching. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import * as k8s from '@kubernetes/client-node';
import { TestCluster } from '../support/cluster.ts';
import { deployment, manifest, pod, SLEEP } from '../support/manifests.ts';
import { Session } from '../support/session.ts';

const NAMESPACE = 'client-node';

describe('@kubernetes/client-node', function () {
  this.timeout(90_000);
  let cluster: TestCluster;
  let session: Session;
  let config: k8s.KubeConfig;
  let core: k8s.CoreV1Api;
  let apps: k8s.AppsV1Api;
  before(async () => {
    cluster = await TestCluster.start({ nodes: 1 });
    session = await Session.open(cluster, NAMESPACE);
    config = new k8s.KubeConfig();
    config.loadFromFile(cluster.local.kubeconfig);
    core = config.makeApiClient(k8s.CoreV1Api);
    apps = config.makeApiClient(k8s.AppsV1Api);
    const speaker = pod('speaker', { container: { command: ['sh', '-c', `echo one; echo two; ${SLEEP}`] } });
    await session.apply(manifest(speaker, deployment('web', { replicas: 1 })));
    await session.wait('--for=condition=Ready pod/speaker');
    await session.wait('--for=condition=Available deployment/web');
  });
  after(() => cluster?.stop());

  const named = (name: string): { name: string; namespace: string } => ({ name, namespace: NAMESPACE });

  it('makes, reads, replaces, lists and deletes', async () => {
    const body: k8s.V1ConfigMap = { metadata: { name: 'typed' }, data: { a: '1' } };
    const made = await core.createNamespacedConfigMap({ namespace: NAMESPACE, body });
    assert.ok(made.metadata?.creationTimestamp instanceof Date);
    made.data = { a: '2' };
    const replaced = await core.replaceNamespacedConfigMap({ ...named('typed'), body: made });
    assert.equal(replaced.data?.['a'], '2');
    const stale = core.replaceNamespacedConfigMap({ ...named('typed'), body: made });
    await assert.rejects(stale, (error: k8s.ApiException<string>) => {
      const { reason, details } = JSON.parse(error.body) as k8s.V1Status;
      assert.deepEqual([error.code, reason, details?.name], [409, 'Conflict', 'typed']);
      return true;
    });
    const page = await core.listNamespacedConfigMap({ namespace: NAMESPACE, limit: 1 });
    const more = { namespace: NAMESPACE, limit: 10, _continue: page.metadata?._continue ?? '' };
    const rest = await core.listNamespacedConfigMap(more);
    const names = [...page.items, ...rest.items].map(({ metadata }) => metadata?.name);
    assert.deepEqual(new Set(names), new Set(['kube-root-ca.crt', 'typed']));
    const deleted = await core.deleteNamespacedConfigMap(named('typed'));
    assert.equal(deleted.status, 'Success');
  });

  it('patches in four ways', async () => {
    await core.createNamespacedConfigMap({ namespace: NAMESPACE, body: { metadata: { name: 'patched' } } });
    const patch = async (strategy: k8s.PatchStrategy, body: unknown): Promise<Record<string, string> | undefined> => {
      const options = k8s.setHeaderOptions('Content-Type', strategy);
      const request = { ...named('patched'), body, fieldManager: 'tester' };
      return (await core.patchNamespacedConfigMap(request, options)).data;
    };
    const { JsonPatch, MergePatch, StrategicMergePatch, ServerSideApply } = k8s.PatchStrategy;
    assert.deepEqual(await patch(JsonPatch, [{ op: 'add', path: '/data', value: { a: '1' } }]), { a: '1' });
    assert.deepEqual(await patch(MergePatch, { data: { a: null, b: '2' } }), { b: '2' });
    assert.deepEqual(await patch(StrategicMergePatch, { data: { c: '3' } }), { b: '2', c: '3' });
    const applied = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'patched' }, data: { d: '4' } };
    assert.deepEqual(await patch(ServerSideApply, applied), { b: '2', c: '3', d: '4' });
    assert.deepEqual(await patch(ServerSideApply, { ...applied, data: {} }), { b: '2', c: '3' });
  });

  it('works with objects of any kind', async () => {
    const objects = k8s.KubernetesObjectApi.makeApiClient(config);
    const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'any', namespace: NAMESPACE } };
    await objects.create<k8s.V1Secret>({ ...secret, stringData: { a: 'b' } });
    assert.equal((await objects.read<k8s.V1Secret>(secret)).data?.['a'], 'Yg==');
    const changed = { ...secret, metadata: { ...secret.metadata, labels: { x: 'y' } } };
    await objects.patch(changed, undefined, undefined, 'tester', true, k8s.PatchStrategy.ServerSideApply);
    const { items } = await objects.list('v1', 'Secret', NAMESPACE, undefined, undefined, undefined, undefined, 'x=y');
    assert.equal(items.length, 1);
    await objects.delete(secret);
  });

  it('scales', async () => {
    const scale = await apps.readNamespacedDeploymentScale(named('web'));
    scale.spec = { replicas: 2 };
    const scaled = await apps.replaceNamespacedDeploymentScale({ ...named('web'), body: scale });
    assert.equal(scaled.spec?.replicas, 2);
  });

  it('watches', async () => {
    const { metadata } = await core.listNamespacedConfigMap({ namespace: NAMESPACE });
    const seen: string[] = [];
    const ended = Promise.withResolvers<unknown>();
    const query = { resourceVersion: metadata?.resourceVersion, allowWatchBookmarks: true, labelSelector: 'w' };
    const controller = await new k8s.Watch(config).watch(
      `/api/v1/namespaces/${NAMESPACE}/configmaps`,
      query,
      (phase: string, object: k8s.V1ConfigMap) => {
        seen.push(`${phase} ${object.metadata?.name}`);
        if (phase === 'DELETED') controller.abort();
      },
      ended.resolve,
    );
    await session.run('create configmap unseen');
    await core.createNamespacedConfigMap({
      namespace: NAMESPACE,
      body: { metadata: { name: 'seen', labels: { w: 'x' } } },
    });
    await session.run('label configmap seen w-');
    await ended.promise;
    assert.deepEqual(seen, ['ADDED seen', 'DELETED seen']);
  });

  it('keeps an informer up to date, also when its watch is cut', async () => {
    const list = (): Promise<k8s.V1SecretList> => core.listNamespacedSecret({ namespace: NAMESPACE });
    const informer = k8s.makeInformer<k8s.V1Secret>(config, `/api/v1/namespaces/${NAMESPACE}/secrets`, list);
    const next = (verb: 'add' | 'update' | 'delete'): Promise<string> =>
      new Promise((resolve) => {
        const heard = ({ metadata }: k8s.V1Secret): void => {
          informer.off(verb, heard);
          resolve(metadata?.name ?? '');
        };
        informer.on(verb, heard);
      });
    let connected = 0;
    informer.on('connect', () => connected++);
    await informer.start();
    try {
      const added = next('add');
      await session.run('create secret generic informed');
      assert.equal(await added, 'informed');
      await informer.stop();
      await session.run('delete secret informed');
      await session.run('create secret generic meanwhile');
      const caughtUp = [next('delete'), next('add')];
      await informer.start();
      assert.deepEqual(await Promise.all(caughtUp), ['informed', 'meanwhile']);
      assert.equal(informer.get('meanwhile', NAMESPACE)?.metadata?.name, 'meanwhile');
      assert.ok(connected >= 2);
    } finally {
      await informer.stop();
    }
  });

  it('runs commands', async () => {
    const [out, err] = [new PassThrough(), new PassThrough()];
    const status = Promise.withResolvers<k8s.V1Status>();
    const command = ['sh', '-c', 'cat; echo err >&2; exit 3'];
    const input = Readable.from(['from here\n']);
    const running = new k8s.Exec(config);
    const socket = await running.exec(NAMESPACE, 'speaker', 'c', command, out, err, input, false, status.resolve);
    const { reason, details } = await status.promise;
    assert.deepEqual([reason, details?.causes?.[0]?.message], ['NonZeroExitCode', '3']);
    if (socket.readyState !== socket.CLOSED) await once(socket, 'close');
    out.end();
    err.end();
    assert.deepEqual([await text(out), await text(err)], ['from here\n', 'err\n']);
  });

  it('attaches', async () => {
    const out = new PassThrough();
    const socket = await new k8s.Attach(config).attach(NAMESPACE, 'speaker', 'c', out, null, null, false);
    const heard = once(out, 'data');
    await session.sh('speaker', 'echo heard > /proc/1/fd/1');
    const [chunk] = (await heard) as [Buffer];
    assert.equal(chunk.toString(), 'heard\n');
    socket.close();
  });

  it('reads logs', async () => {
    const out = new PassThrough();
    const log = new k8s.Log(config);
    const following = await log.log(NAMESPACE, 'speaker', 'c', out, { follow: true, limitBytes: 8 });
    assert.equal(await text(out), 'one\ntwo\n');
    following.abort();
    assert.equal(await core.readNamespacedPodLog({ ...named('speaker'), tailLines: 1, container: 'c' }), 'heard\n');
  });

  it('copies files', async () => {
    const directory = await mkdtemp(path.join(tmpdir(), 'dure-client-node-'));
    try {
      await writeFile(path.join(directory, 'file'), 'content');
      const copy = new k8s.Cp(config);
      await copy.cpToPod(NAMESPACE, 'speaker', 'c', directory, '/tmp');
      // It resolves before the file is there, and nothing tells when it is.
      await session.eventually(async () => assert.equal(await session.sh('speaker', 'cat /tmp/file'), 'content'));
      await copy.cpFromPod(NAMESPACE, 'speaker', 'c', 'file', path.join(directory, 'back'), '/tmp');
      await session.eventually(async () => {
        assert.equal(await readFile(path.join(directory, 'back/file'), 'utf8'), 'content');
      });
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  });

  it('forwards ports', async () => {
    await session.wait('--for=jsonpath={.status.availableReplicas}=2 deployment/web');
    const { items } = await core.listNamespacedPod({ namespace: NAMESPACE, labelSelector: 'app=web' });
    const [output, input] = [new PassThrough(), new PassThrough()];
    // One that was scaled away may still be among them.
    const serving = items.find(({ metadata }) => metadata?.deletionTimestamp === undefined);
    const name = serving?.metadata?.name ?? '';
    await new k8s.PortForward(config).portForward(NAMESPACE, name, [8080], output, null, input);
    input.write('GET / HTTP/1.0\r\n\r\n');
    let answer = '';
    for await (const chunk of output) {
      answer += String(chunk);
      if (answer.includes('Hello from ')) break;
    }
    assert.match(answer, /^HTTP\/1\.\d 200 OK/);
  });

  it('measures', async () => {
    const metrics = new k8s.Metrics(config);
    await session.eventually(async () => {
      assert.equal((await metrics.getNodeMetrics()).items[0]?.metadata.name, 'node-1');
      const usage = await k8s.topPods(core, metrics, NAMESPACE);
      assert.ok(usage.some(({ Pod }) => Pod.metadata?.name === 'speaker'));
    });
    assert.ok((await k8s.topNodes(core))[0]);
  });
});
