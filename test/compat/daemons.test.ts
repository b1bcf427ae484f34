/** The real kubectl on daemon sets and their revisions; step by step what Kubernetes' conformance tests of them do. */
import assert from 'node:assert/strict';
import { IMAGES } from '../../cli/local/images.ts';
import { sortKeys } from '../../api/machinery/json.ts';
import type { ControllerRevision, DaemonSet } from '../../api/types/apps.v1.ts';
import type { Pod } from '../../api/types/core.v1.ts';
import { TestCluster } from '../support/cluster.ts';
import { dure } from '../support/dure.ts';
import { hello, manifest } from '../support/manifests.ts';
import { Session } from '../support/session.ts';

const HASH = 'controller-revision-hash';
const NODES = ['node-1', 'node-2'];
const MISSING_IMAGE = 'foo:non-existent';

interface DaemonParts {
  /** Overrides of the pods' spec. */
  podSpec?: object;
  /** Overrides of the daemon set's spec. */
  spec?: object;
}

function daemonSet(name: string, { podSpec, spec }: DaemonParts = {}): object {
  const labels = { daemon: name };
  const template = {
    metadata: { labels },
    spec: { terminationGracePeriodSeconds: 1, containers: [hello({ readinessProbe: undefined })], ...podSpec },
  };
  return {
    apiVersion: 'apps/v1',
    kind: 'DaemonSet',
    metadata: { name, labels },
    spec: { selector: { matchLabels: labels }, template, ...spec },
  };
}

describe('kubectl on daemon sets', function () {
  this.timeout(90_000);
  let cluster: TestCluster;
  let session: Session;
  before(async () => {
    cluster = await TestCluster.start({ nodes: NODES.length });
    session = await Session.open(cluster, 'daemons');
  });
  after(() => cluster?.stop());

  const pathOf = (resource: string): string => `/apis/apps/v1/namespaces/daemons/${resource}`;
  const daemonSetNamed = (name: string): Promise<DaemonSet> => cluster.client.get(pathOf(`daemonsets/${name}`));

  /** Those that are not going. */
  async function podsOf(name: string): Promise<Pod[]> {
    const query = { labelSelector: `daemon=${name}` };
    const { items } = await cluster.client.list<Pod>('/api/v1/namespaces/daemons/pods', { query });
    return items.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
  }

  /** Oldest first. */
  async function revisionsOf(name: string): Promise<ControllerRevision[]> {
    const query = { labelSelector: `daemon=${name}` };
    const { items } = await cluster.client.list<ControllerRevision>(pathOf('controllerrevisions'), { query });
    return items.toSorted((a, b) => a.revision - b.revision);
  }

  /** Resolves when a pod is ready on each of these nodes and there is none elsewhere. */
  async function runsOn(name: string, ...nodes: string[]): Promise<Pod[]> {
    await session.wait(`--for=jsonpath={.status.desiredNumberScheduled}=${nodes.length} daemonset/${name}`);
    await session.wait(`--for=jsonpath={.status.numberReady}=${nodes.length} daemonset/${name}`);
    let pods: Pod[] = [];
    await session.eventually(async () => {
      pods = await podsOf(name);
      const ready = pods.filter(({ status }) =>
        status.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True'),
      );
      assert.equal(pods.length, nodes.length);
      assert.deepEqual(new Set(ready.map(({ spec }) => spec.nodeName)), new Set(nodes));
    });
    await session.eventually(async () => {
      const { status } = await daemonSetNamed(name);
      const counts = [status.desiredNumberScheduled, status.currentNumberScheduled, status.numberReady];
      assert.deepEqual(counts, Array(3).fill(nodes.length));
    });
    return pods;
  }

  /** What our own command line printed; it must succeed. */
  async function own(...args: string[]): Promise<string> {
    const { code, stdout, stderr } = await dure(cluster.local.kubeconfig, [...args, '-n', 'daemons']);
    assert.equal(code, 0, stderr);
    return stdout;
  }

  async function hasRevisions(name: string, ...numbers: number[]): Promise<ControllerRevision[]> {
    await session.eventually(async () =>
      assert.deepEqual(
        (await revisionsOf(name)).map(({ revision }) => revision),
        numbers,
      ),
    );
    return revisionsOf(name);
  }

  const hashesOf = (pods: readonly Pod[]): unknown[] => pods.map(({ metadata }) => metadata.labels?.[HASH]);
  const imageOf = ({ spec }: Pod): string | undefined => spec.containers[0]?.image;
  const setImage = (name: string, image: string): Promise<string> =>
    session.run(`set image daemonset/${name} hello=${image}`);

  it('runs one on every node, and another when one is deleted', async () => {
    await session.apply(manifest(daemonSet('simple')));
    const [pod] = await runsOn('simple', ...NODES);
    await session.run(`delete pod ${pod?.metadata.name}`);
    await runsOn('simple', ...NODES);
    const columns = await session.run('get daemonset simple --no-headers');
    assert.match(columns, /^simple +2 +2 +2 +2 +2 +<none> +\S+\n$/);
    const described = await session.run('describe daemonset simple');
    assert.match(described, /Desired Number of Nodes Scheduled: 2\n/);
    assert.match(described, /Number of Nodes Scheduled with Available Pods: 2\n/);
    assert.match(described, /Pods Status:\s+2 Running \/ 0 Waiting \/ 0 Succeeded \/ 0 Failed/);
    assert.match(described, /SuccessfulCreate.*daemonset-controller\s+Created pod: simple-/);
  });

  it('replaces one that has failed, which is gone then', async () => {
    const [failed] = await podsOf('simple');
    const { name = '' } = failed?.metadata ?? {};
    await session.run(`patch pod ${name} --subresource=status -p {"status":{"phase":"Failed"}}`);
    await session.wait(`--for=delete pod/${name}`);
    await runsOn('simple', ...NODES);
    const events = await session.run('get events --field-selector reason=FailedDaemonPod');
    assert.match(events, new RegExp(`Found failed daemon pod daemons/${name} on node node-\\d, will try to kill it`));
  });

  it('lets its status be changed beside what the controller writes', async () => {
    const path = pathOf('daemonsets/simple/status');
    const read = await cluster.client.get<DaemonSet>(path);
    const seen = { type: 'StatusUpdate', status: 'True', reason: 'E2E', message: 'Set from e2e test' };
    const written = { ...read, status: { ...read.status, conditions: [seen] } };
    const updated = await cluster.client.update<DaemonSet>(path, written);
    assert.equal(updated.status.conditions?.[0]?.reason, 'E2E');
    await session.run('annotate daemonset simple touched=yes');
    const conditions = [{ type: 'StatusPatched', status: 'True' }];
    await cluster.client.patch(path, 'merge-patch', { status: { conditions } });
    await session.wait('--for=condition=StatusPatched daemonset/simple');
    assert.equal((await daemonSetNamed('simple')).status.numberReady, 2);
  });

  it('lets the pods stay where a node is cordoned or drained', async () => {
    const before = await podsOf('simple');
    await session.run('cordon node-1');
    assert.match(
      await session.fail('drain node-1 --timeout=30s'),
      /cannot delete DaemonSet-managed Pods \(use --ignore-daemonsets to ignore\): daemons\/simple-/,
    );
    const ignoring = /ignoring DaemonSet-managed Pods: daemons\/simple-/;
    const drained = await session.try('drain node-1 --ignore-daemonsets --timeout=60s');
    assert.equal(drained.code, 0, drained.stderr);
    assert.match(drained.stderr, ignoring);
    const own = await dure(cluster.local.kubeconfig, ['drain', 'node-1', '--ignore-daemonsets', '--timeout=60s']);
    assert.match(own.stderr, ignoring);
    const after = await runsOn('simple', ...NODES);
    assert.deepEqual(
      new Set(after.map(({ metadata }) => metadata.uid)),
      new Set(before.map((pod) => pod.metadata.uid)),
    );
    const there = before.find(({ spec }) => spec.nodeName === 'node-1');
    await session.run(`delete pod ${there?.metadata.name}`);
    await runsOn('simple', ...NODES);
    await session.run('uncordon node-1');
  });

  it('lists and deletes a collection', async () => {
    const query = { labelSelector: 'daemon=simple' };
    const { items } = await cluster.client.list('/apis/apps/v1/daemonsets', { query });
    assert.equal(items.length, 1);
    const options = { kind: 'DeleteOptions', apiVersion: 'v1', gracePeriodSeconds: 1 };
    await cluster.client.delete(pathOf('daemonsets'), options, { query });
    assert.deepEqual((await cluster.client.list('/apis/apps/v1/daemonsets', { query })).items, []);
    await session.wait('--for=delete pod,controllerrevision -l daemon=simple');
  });

  it('follows the labels of nodes', async () => {
    await session.apply(manifest(daemonSet('picky', { podSpec: { nodeSelector: { color: 'blue' } } })));
    await session.wait('--for=jsonpath={.status.observedGeneration}=1 daemonset/picky');
    await runsOn('picky');
    await session.run('label node node-2 color=blue');
    await runsOn('picky', 'node-2');
    await session.run('label node node-2 color=green --overwrite');
    await runsOn('picky');
    const template = { spec: { nodeSelector: { color: 'green' } } };
    const patch = JSON.stringify({ spec: { template, updateStrategy: { type: 'RollingUpdate' } } });
    await session.run(`patch daemonset picky -p ${patch}`);
    await runsOn('picky', 'node-2');
    await session.run('label node node-2 color-');
    await runsOn('picky');
    await session.run('delete daemonset picky');
  });

  describe('rollout', () => {
    before(() => session.apply(manifest(daemonSet('roll'))));

    it('replaces the pods of an older template, and keeps that as a revision', async () => {
      const [first] = await hasRevisions('roll', 1);
      assert.deepEqual(
        hashesOf(await runsOn('roll', ...NODES)),
        [1, 2].fill(0).map(() => first?.metadata.labels?.[HASH]),
      );
      await session.run('annotate daemonset roll kubernetes.io/change-cause=howdy');
      await setImage('roll', IMAGES.hello2);
      const told = await session.run('rollout status daemonset roll --timeout=60s');
      assert.match(told, /Waiting for daemon set (spec update|"roll" rollout to finish: )/);
      assert.match(told, /daemon set "roll" successfully rolled out\n$/);
      const pods = await runsOn('roll', ...NODES);
      assert.deepEqual(pods.map(imageOf), [IMAGES.hello2, IMAGES.hello2]);
      const [, second] = await hasRevisions('roll', 1, 2);
      assert.deepEqual(new Set(hashesOf(pods)), new Set([second?.metadata.labels?.[HASH]]));
      assert.equal((await daemonSetNamed('roll')).status.updatedNumberScheduled, 2);
    });

    it('writes a revision as clients compare it, byte by byte', async () => {
      const { spec } = await daemonSetNamed('roll');
      const data = JSON.stringify(sortKeys({ spec: { template: { ...spec.template, $patch: 'replace' } } }));
      const name = (await revisionsOf('roll')).at(-1)?.metadata.name ?? '';
      for (const accept of ['application/json', 'application/vnd.kubernetes.protobuf']) {
        const pieces: Buffer[] = [];
        const path = pathOf(`controllerrevisions/${name}`);
        for await (const piece of cluster.client.stream(path, { accept })) pieces.push(piece);
        assert.ok(Buffer.concat(pieces).includes(data), accept);
      }
    });

    it('rolls back without touching what was not rolled on', async () => {
      await setImage('roll', MISSING_IMAGE);
      let pods: Pod[] = [];
      await session.eventually(async () => {
        pods = await podsOf('roll');
        assert.ok(pods.some((pod) => imageOf(pod) === MISSING_IMAGE));
      });
      const existing = pods.filter((pod) => imageOf(pod) !== MISSING_IMAGE).map(({ metadata }) => metadata.uid);
      assert.equal(existing.length, 1);
      await setImage('roll', IMAGES.hello2);
      const after = await runsOn('roll', ...NODES);
      assert.deepEqual(after.map(imageOf), [IMAGES.hello2, IMAGES.hello2]);
      assert.ok(after.some(({ metadata }) => metadata.uid === existing[0]));
      // The template of revision 2 again: it has the highest number now.
      await hasRevisions('roll', 1, 3, 4);
    });

    it('shows its history, goes back, and restarts', async () => {
      const history = await session.run('rollout history daemonset roll');
      assert.equal(await own('rollout', 'history', 'daemonset', 'roll'), history);
      assert.match(history, /^daemonset\.apps\/roll \nREVISION +CHANGE-CAUSE\n1 +<none>\n3 +howdy\n4 +howdy\n/);
      assert.match(await session.run('rollout history daemonset roll --revision=1'), /Image:\s+\S+\/hello:1$/m);
      assert.equal(
        await session.run('rollout undo daemonset roll --to-revision=1'),
        'daemonset.apps/roll rolled back\n',
      );
      await session.run('rollout status daemonset roll --timeout=60s');
      const pods = await runsOn('roll', ...NODES);
      assert.deepEqual(pods.map(imageOf), [IMAGES.hello, IMAGES.hello]);
      await hasRevisions('roll', 3, 4, 5);
      assert.equal(await own('rollout', 'restart', 'daemonset', 'roll'), 'daemonset.apps/roll restarted\n');
      assert.match(await own('rollout', 'status', 'daemonset', 'roll'), /daemon set "roll" successfully rolled out\n$/);
      const restarted = await runsOn('roll', ...NODES);
      const before = new Set(pods.map(({ metadata }) => metadata.uid));
      assert.ok(restarted.every(({ metadata }) => !before.has(metadata.uid)));
      assert.equal(await own('rollout', 'undo', 'daemonset', 'roll'), 'daemonset.apps/roll rolled back\n');
      await session.run('rollout status daemonset roll --timeout=60s');
      const { annotations } = (await daemonSetNamed('roll')).spec.template.metadata ?? {};
      assert.equal(annotations, undefined);
      assert.match(await session.run('rollout undo daemonset roll --to-revision=7'), /skipped rollback/);
    });

    it('surges: the new pod is ready before the old one ends', async () => {
      const rollingUpdate = { maxUnavailable: 0, maxSurge: 1 };
      await session.apply(manifest(daemonSet('surge', { spec: { updateStrategy: { rollingUpdate } } })));
      await runsOn('surge', ...NODES);
      const watching = await session.start([
        'get',
        'daemonset',
        'surge',
        '-w',
        '-o',
        'jsonpath={.status.numberReady}{"\\n"}',
      ]);
      assert.equal(await watching.line(), '2');
      await setImage('surge', IMAGES.hello2);
      await session.run('rollout status daemonset surge --timeout=60s');
      await runsOn('surge', ...NODES);
      watching.process.kill('SIGINT');
      const ready = await watching.rest();
      assert.ok(ready.length > 0 && ready.every((count) => count === '2'), `ready: ${ready.join(' ')}`);
      await session.run('delete daemonset surge');
    });

    it('leaves pods alone when told to wait until they are deleted', async () => {
      await session.apply(manifest(daemonSet('lazy', { spec: { updateStrategy: { type: 'OnDelete' } } })));
      const [pod] = await runsOn('lazy', ...NODES);
      await setImage('lazy', IMAGES.hello2);
      await hasRevisions('lazy', 1, 2);
      await session.wait('--for=jsonpath={.status.observedGeneration}=2 daemonset/lazy');
      assert.equal((await daemonSetNamed('lazy')).status.updatedNumberScheduled, undefined);
      assert.match(
        await session.fail('rollout status daemonset lazy'),
        /rollout status is only available for RollingUpdate strategy type/,
      );
      await session.run(`delete pod ${pod?.metadata.name}`);
      const images = (await runsOn('lazy', ...NODES)).map(imageOf);
      assert.deepEqual(new Set(images), new Set([IMAGES.hello, IMAGES.hello2]));
      await session.run('delete daemonset lazy');
    });
  });

  it('manages the lifecycle of its revisions', async () => {
    await session.apply(manifest(daemonSet('kept')));
    const pods = await runsOn('kept', ...NODES);
    const [initial] = await hasRevisions('kept', 1);
    const { name = '', ...metadata } = initial?.metadata ?? {};
    assert.equal(metadata.ownerReferences?.[0]?.kind, 'DaemonSet');
    assert.equal(metadata.ownerReferences[0].uid, (await daemonSetNamed('kept')).metadata.uid);
    const path = (revision: string): string => pathOf(`controllerrevisions/${revision}`);
    const mark = { metadata: { labels: { [name]: 'patched' } } };
    const patched = await cluster.client.patch<ControllerRevision>(path(name), 'strategic-merge-patch', mark);
    assert.equal(patched.metadata.labels?.[name], 'patched');
    const { labels, annotations = {}, ownerReferences } = metadata;
    const copy = { name: 'kept-copy', labels: { ...labels, [HASH]: 'copy' }, annotations, ownerReferences };
    await cluster.client.create(pathOf('controllerrevisions'), { metadata: copy, data: initial?.data, revision: 2 });
    await hasRevisions('kept', 1, 2);
    await cluster.client.delete(path(name));
    const [left] = await hasRevisions('kept', 2);
    assert.ok(left);
    const named = { ...left.metadata.labels, [copy.name]: 'updated' };
    await session.eventually(async () => {
      const current = await cluster.client.get<ControllerRevision>(path(copy.name));
      await cluster.client.update(path(copy.name), { ...current, metadata: { ...current.metadata, labels: named } });
    });
    const untouched = await podsOf('kept');
    assert.deepEqual(
      new Set(untouched.map(({ metadata: { uid } }) => uid)),
      new Set(pods.map(({ metadata: { uid } }) => uid)),
    );
    await session.run('patch daemonset kept -p {"spec":{"template":{"spec":{"terminationGracePeriodSeconds":2}}}}');
    await hasRevisions('kept', 2, 3);
    const query = { labelSelector: `${copy.name}=updated` };
    await cluster.client.delete(pathOf('controllerrevisions'), undefined, { query });
    await hasRevisions('kept', 3);
    await session.run('delete daemonset kept');
  });
});
