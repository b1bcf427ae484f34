/** The control plane dies, stalls, is away: the pods, their service and their names go on, and nothing is taken for lost. */
import assert from 'node:assert/strict';
import { sleep, systemClock } from '../../lib/clock.ts';
import { apiReady } from '../../cli/local/ready.ts';
import { Drill } from '../support/drill.ts';
import { eventually } from '../support/eventually.ts';
import type { Request } from '../support/workload.ts';

const STALL_MILLISECONDS = 30_000;
/** After a stall everything that was put off happens at once; longer than the grace that nodes get then. */
const AFTER_STALL_MILLISECONDS = 13_000;

describe('a control plane that dies, stalls or is away', function () {
  this.timeout(180_000);
  let drill: Drill;
  let lostNodes: string[];
  let endWatch: () => void;
  let untouched: string[];

  before(async () => {
    drill = await Drill.start();
    await drill.graceOver();
  });
  after(() => drill?.stop());
  beforeEach(() => {
    lostNodes = [];
    untouched = drill.fleet.containers();
    endWatch = drill.fleet.onNodeLost((name) => lostNodes.push(name));
  });
  afterEach(() => endWatch());

  const marker = (name: string): Promise<unknown> =>
    drill.cluster.client.create('/api/v1/namespaces/default/configmaps', {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name },
      data: { declared: 'yes' },
    });

  async function works(): Promise<void> {
    await apiReady(drill.cluster.client, systemClock);
    await drill.settled();
    // The way from the API to a container and back.
    await drill.cluster.kubectl('scale', 'deployment/hello', '--replicas=4');
    await drill.fleet.settled(4);
    await drill.cluster.kubectl('scale', 'deployment/hello', '--replicas=3');
    await drill.settled();
  }

  /** Of three old pods and a new one, the new one goes again. */
  function assertUntouched(): void {
    assert.deepEqual(drill.fleet.containers(), untouched);
    assert.deepEqual(lostNodes, []);
  }

  function assertServed(requests: readonly Request[]): void {
    assert.ok(requests.length > 20, 'the clients asked');
    assert.deepEqual(
      requests.filter(({ ok }) => !ok),
      [],
    );
  }

  it('goes on after its server was killed, with all that was declared', async () => {
    await marker('before-server-died');
    const begun = Date.now();
    await drill.signal('server-1', 'server', 'SIGKILL');
    await works();
    await drill.cluster.kubectl('get', 'configmap', 'before-server-died');
    assertUntouched();
    assertServed(await drill.requestsAfter(begun, 100));
  });

  it('goes on after its etcd was killed, with all that was declared', async () => {
    await marker('before-etcd-died');
    const begun = Date.now();
    const etcd = await drill.etcdPid();
    process.kill(etcd, 'SIGKILL');
    await eventually('another etcd', async () => ((await drill.etcdPid()) !== etcd ? true : undefined));
    await works();
    await drill.cluster.kubectl('get', 'configmap', 'before-etcd-died');
    assertUntouched();
    assertServed(await drill.requestsAfter(begun, 100));
  });

  for (const stalled of ['server', 'etcd'] as const) {
    it(`loses no node and replaces nothing when its ${stalled} stands still for 30 seconds`, async () => {
      const begun = Date.now();
      const server = await drill.host('server-1').servicePid('server');
      const pid = stalled === 'etcd' ? await drill.etcdPid() : server;
      assert.ok(pid !== undefined);
      process.kill(pid, 'SIGSTOP');
      try {
        // What is tried is a stall of that length.
        await sleep(systemClock, STALL_MILLISECONDS);
      } finally {
        process.kill(pid, 'SIGCONT');
      }
      await sleep(systemClock, AFTER_STALL_MILLISECONDS);
      await works();
      assertUntouched();
      assertServed(await drill.requestsSince(begun));
    });
  }

  it('is not needed by what runs: services, names, crashed containers and agents go on without any server', async () => {
    const { local } = drill.cluster;
    const node = 'node-2';
    const begun = Date.now();
    await local.kill('server-1');

    const process1 = await drill.processOn(node, '/bin/serve-hello');
    assert.ok(process1 !== undefined);
    await drill.killOn(node, process1);
    await eventually('the agent starts the crashed container again', async () => {
      const next = await drill.processOn(node, '/bin/serve-hello');
      return next !== undefined && next !== process1 ? next : undefined;
    });

    const agent = await drill.signal(node, 'agent', 'SIGKILL');
    await eventually('another agent', async () => {
      const next = await drill.host(node).servicePid('agent');
      return next !== undefined && next !== agent ? next : undefined;
    });
    const process2 = await drill.processOn(node, '/bin/serve-hello');
    assert.ok(process2 !== undefined);
    // Past the agent's start: a new agent knows from its disk what is to run here, and does it.
    await drill.killOn(node, process2);
    await eventually(
      'the new agent starts the crashed container again',
      async () => {
        const next = await drill.processOn(node, '/bin/serve-hello');
        return next !== undefined && next !== process2 ? next : undefined;
      },
      60_000,
    );

    const restarted = Date.now();
    await local.start('server-1');
    await works();
    assert.deepEqual(
      drill.fleet.containers().map((each) => JSON.parse(each)[0]),
      untouched.map((each) => JSON.parse(each)[0]),
    );
    assert.deepEqual(lostNodes, []);
    const requests = (await drill.requestsSince(begun)).filter(({ at }) => at < restarted);
    // A crashed server process refuses connections until it is known to be gone, or runs again.
    assert.ok(requests.length > 20);
    assert.ok(requests.some(({ ok }) => ok));
  });

  it('comes back with everything after every host was killed and started', async () => {
    await marker('before-everything-died');
    const { local } = drill.cluster;
    const hosts = ['server-1', ...local.nodeNames];
    const uids = untouched.map((each) => JSON.parse(each)[0] as string);
    await Promise.all(hosts.map((name) => local.kill(name)));
    await Promise.all(hosts.map((name) => local.start(name)));
    const begun = Date.now();
    // Until the agents have spoken the pods count as ready, as they were before. One that becomes ready again only after
    // the pod that is added for a while would go in its place.
    await eventually('every container runs anew', () => {
      const isAnew = drill.fleet.containers().every((each) => !untouched.includes(each));
      return Promise.resolve(isAnew || undefined);
    });
    await works();
    await drill.cluster.kubectl('get', 'configmap', 'before-everything-died');
    const now = drill.fleet.containers().map((each) => JSON.parse(each)[0] as string);
    assert.deepEqual(now, uids, 'the same pods run again where they were');
    const requests = await drill.requestsAfter(begun, 100);
    assert.ok(requests.slice(-20).every(({ ok }) => ok));
  });
});
