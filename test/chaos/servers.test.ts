/** Several servers: any of them serves everything, and none of them is missed for long. */
import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Node, Pod } from '../../api/types/core.v1.ts';
import { IMAGES } from '../../cli/local/images.ts';
import { isReadyNode } from '../../cli/local/node-readiness.ts';
import { adminClient, nodesReady, serversReady } from '../../cli/local/ready.ts';
import { Informer } from '../../lib/client/informer.ts';
import type { RestClient } from '../../lib/client/rest.ts';
import { systemClock } from '../../lib/clock.ts';
import { TestCluster } from '../support/cluster.ts';
import { eventually } from '../support/eventually.ts';
import { kubectl } from '../support/kubectl.ts';
import { until } from '../support/until.ts';

const SERVERS = ['server-1', 'server-2', 'server-3'];
const REPLICAS = 4;
const PATIENCE_MILLISECONDS = 60_000;
/** A leader's lease, an election of etcd before it, and some for a busy machine. */
const LEADERLESS_MILLISECONDS = 30_000;

describe('three servers', function () {
  this.timeout(240_000);
  let cluster: TestCluster;

  before(async () => {
    cluster = await TestCluster.start({ servers: 3, nodes: 2 });
    await through('server-2', 'create', 'deployment', 'hello', `--image=${IMAGES.hello}`, `--replicas=${REPLICAS}`);
    await through('server-3', 'wait', '--for=condition=Available', 'deployment/hello', '--timeout=60s');
  });
  after(() => cluster?.stop());

  async function through(server: string, ...args: string[]): Promise<string> {
    const { code, stdout, stderr } = await kubectl(cluster.local.kubeconfigOf(server), args);
    assert.equal(code, 0, `kubectl ${args.join(' ')} through ${server}: ${stderr}`);
    return stdout;
  }

  function others(server: string): string[] {
    return SERVERS.filter((each) => each !== server);
  }

  async function leaderAmong(servers: readonly string[]): Promise<string> {
    return eventually(`one of ${servers.join(', ')} leads`, async () => {
      for (const server of servers) {
        const metrics = await through(server, 'get', '--raw', '/metrics');
        if (/^leader_election_master_status 1$/m.test(metrics)) return server;
      }
      return undefined;
    });
  }

  /** Which server the agent of a node is connected to. */
  async function serverOf(node: string): Promise<string> {
    return eventually(`${node} is connected`, async () => {
      const connections = await cluster.local.host(node).run('ss', '-Htn', 'state', 'established', 'dport = :6444');
      const places = cluster.local.topology.hosts;
      return places.find(({ address }) => connections.includes(`${address}:6444`))?.name;
    });
  }

  async function podOn(server: string, node: string): Promise<string> {
    const selector = ['-l', 'app=hello', `--field-selector=spec.nodeName=${node}`];
    const names = await through(server, 'get', 'pods', ...selector, '-o', 'name');
    return names.split('\n')[0] || assert.fail(`no pod on ${node}`);
  }

  async function withView<T>(
    server: string,
    use: (view: { nodes: Informer<Node>; pods: Informer<Pod>; client: RestClient }) => Promise<T>,
  ): Promise<T> {
    const client = await adminClient(cluster.local, systemClock, server);
    const nodes = new Informer<Node>({ client, path: '/api/v1/nodes', clock: systemClock });
    const pods = new Informer<Pod>({
      client,
      path: '/api/v1/namespaces/default/pods',
      query: { labelSelector: 'app=hello' },
      clock: systemClock,
    });
    await Promise.all([nodes.start(), pods.start()]);
    try {
      return await use({ nodes, pods, client });
    } finally {
      await Promise.all([nodes.stop(), pods.stop()]);
      client.close();
    }
  }

  async function allReady(): Promise<void> {
    await serversReady(cluster.local, systemClock, () => undefined);
    await withView('server-1', ({ client }) =>
      nodesReady(client, cluster.local.nodeNames, systemClock, () => undefined),
    );
  }

  async function assertReachesPods(servers: readonly string[]): Promise<void> {
    for (const node of cluster.local.nodeNames) {
      for (const server of servers) {
        const pod = await podOn(server, node);
        assert.equal(await through(server, 'exec', pod, '--', 'echo', server), `${server}\n`);
      }
    }
  }

  it('each show at once what another was told', async () => {
    for (const server of SERVERS) {
      await through(server, 'create', 'configmap', `from-${server}`, `--from-literal=server=${server}`);
      for (const other of others(server)) {
        const value = await through(other, 'get', 'configmap', `from-${server}`, '-o', 'jsonpath={.data.server}');
        assert.equal(value, server);
      }
    }
  });

  it('each reach every node, whichever of them its agent is connected to', async () => {
    await assertReachesPods(SERVERS);
    const pod = await podOn('server-1', 'node-1');
    const text = 'a line\n'.repeat(200_000);
    for (const server of SERVERS) {
      const { stdout } = await kubectl(cluster.local.kubeconfigOf(server), ['exec', '-i', pod, '--', 'cat'], text);
      assert.equal(stdout.length, text.length, `through ${server}`);
      const failed = await kubectl(cluster.local.kubeconfigOf(server), ['exec', pod, '--', 'sh', '-c', 'exit 7']);
      assert.equal(failed.code, 7, `through ${server}`);
      await through(server, 'logs', pod);
      const top = await through(server, 'top', 'nodes', '--no-headers');
      assert.equal(top.trim().split('\n').length, 2, `through ${server}: ${top}`);
    }
  });

  it('go on without their leader: no node is lost, and what is declared meanwhile is done', async () => {
    const leader = await leaderAmong(SERVERS);
    const [survivor = '', other = ''] = others(leader);
    await withView(survivor, async ({ nodes, client, pods }) => {
      const lost: string[] = [];
      const end = nodes.subscribe(({ key, object }) => {
        if (!isReadyNode(object)) lost.push(key);
      });
      await cluster.local.kill(leader);
      const begun = systemClock.now();
      await eventually('writes are taken', async () => {
        const path = '/apis/apps/v1/namespaces/default/deployments/hello';
        return client.patch(path, 'merge-patch', { spec: { replicas: REPLICAS + 2 } });
      });
      const isScaled = (): boolean => [...pods.list()].filter(isReadyPod).length === REPLICAS + 2;
      await until([pods], isScaled, { what: 'the new pods are ready', milliseconds: PATIENCE_MILLISECONDS });
      const took = systemClock.now() - begun;
      assert.ok(took < LEADERLESS_MILLISECONDS, `pods were scheduled again after ${took} ms`);
      assert.notEqual(await leaderAmong([survivor, other]), leader);
      end();
      assert.deepEqual(lost, []);
    });
    await assertReachesPods([survivor, other]);
    await cluster.local.start(leader);
    await allReady();
  });

  it('go on when their leader is cut off, and take it back as one that follows', async () => {
    const leader = await leaderAmong(SERVERS);
    const rest = others(leader);
    await withView(rest[0] ?? '', async ({ nodes }) => {
      const lost: string[] = [];
      const end = nodes.subscribe(({ key, object }) => {
        if (!isReadyNode(object)) lost.push(key);
      });
      await cluster.local.cut(leader);
      const next = await leaderAmong(rest);
      await eventually('every node is reached without it', () => assertReachesPods(rest).then(() => true));
      await cluster.local.heal(leader);
      await allReady();
      await eventually('the one that was cut off follows', async () => {
        const metrics = await through(leader, 'get', '--raw', '/metrics');
        return /^leader_election_master_status 0$/m.test(metrics) ? true : undefined;
      });
      assert.equal(await leaderAmong(SERVERS), next);
      await eventually('every node is reached through each server', () => assertReachesPods(SERVERS).then(() => true));
      end();
      assert.deepEqual(lost, []);
    });
  });

  it('send agents to the others when only their store is cut off, before anybody calls nodes dead', async () => {
    const cutOff = await serverOf('node-1');
    const host = cluster.local.host(cutOff);
    await withView(others(cutOff)[0] ?? '', async ({ nodes }) => {
      const lost: string[] = [];
      const end = nodes.subscribe(({ key, object }) => {
        if (!isReadyNode(object)) lost.push(key);
      });
      await host.run('nft', 'add table inet cut');
      for (const way of ['input', 'output']) {
        // Interface 1 is the loopback: the server still has its own etcd, and both have nobody else.
        await host.run('nft', `add chain inet cut ${way} { type filter hook ${way} priority 0; }`);
        await host.run('nft', `add rule inet cut ${way} meta ${way[0]}if != 1 tcp dport { 2379, 2380 } drop`);
        await host.run('nft', `add rule inet cut ${way} meta ${way[0]}if != 1 tcp sport { 2379, 2380 } drop`);
      }
      await eventually('node-1 is connected to another server', async () =>
        (await serverOf('node-1')) === cutOff ? undefined : true,
      );
      await host.run('nft', 'delete table inet cut');
      await allReady();
      end();
      assert.deepEqual(lost, []);
    });
    await eventually('every node is reached through each server', () => assertReachesPods(SERVERS).then(() => true));
  });

  it('replace the pods of a host that dies while a server is away', async () => {
    await cluster.local.kill('server-1');
    await leaderAmong(['server-2', 'server-3']);
    await withView('server-2', async ({ pods }) => {
      await cluster.local.kill('node-2');
      const isMoved = (): boolean =>
        [...pods.list()].filter((pod) => isReadyPod(pod) && pod.spec.nodeName === 'node-1').length === REPLICAS + 2;
      await until([pods], isMoved, { what: 'all pods run on node-1', milliseconds: PATIENCE_MILLISECONDS });
    });
    await cluster.local.start('node-2');
    await cluster.local.start('server-1');
    await allReady();
    // Nothing moves back by itself.
    await through('server-1', 'rollout', 'restart', 'deployment/hello');
    await through('server-3', 'rollout', 'status', 'deployment/hello', '--timeout=60s');
  });

  it('take one that comes back for a full member: then another may be missing', async () => {
    await cluster.local.kill('server-2');
    await eventually('writes are taken', () =>
      through('server-1', 'annotate', 'deployment', 'hello', 'without=server-2'),
    );
    const value = await through(
      'server-3',
      'get',
      'deployment',
      'hello',
      '-o',
      'jsonpath={.metadata.annotations.without}',
    );
    assert.equal(value, 'server-2');
    await cluster.local.start('server-2');
    await allReady();
  });

  it('take in one that has lost its disk', async () => {
    await cluster.local.kill('server-3');
    await rm(join(cluster.local.host('server-3').place.directory, 'data'), { recursive: true });
    await cluster.local.start('server-3');
    await allReady();
    await through('server-3', 'annotate', 'deployment', 'hello', 'disk=new');
    await cluster.local.kill('server-2');
    await eventually('writes are taken', () => through('server-1', 'annotate', 'deployment', 'hello', 'quorum=new'));
    await cluster.local.start('server-2');
    await allReady();
  });

  it('know everything after all of them lost power, and no pod noticed', async () => {
    const containers = (): Promise<string> =>
      through('server-1', 'get', 'pods', '-l', 'app=hello', '-o', 'jsonpath={.items[*].status.containerStatuses}');
    const before = await containers();
    await Promise.all(SERVERS.map((server) => cluster.local.kill(server)));
    await Promise.all(SERVERS.map((server) => cluster.local.start(server)));
    await allReady();
    // A node stays ready for some time without its agent, which is still looking for a server that is up.
    await eventually('every node is reached through each server', () => assertReachesPods(SERVERS).then(() => true));
    assert.equal(await containers(), before);
  });
});

function isReadyPod({ metadata, status }: Pod): boolean {
  const isReady = status.conditions?.some(({ type, status: value }) => type === 'Ready' && value === 'True') ?? false;
  return isReady && metadata.deletionTimestamp === undefined;
}
