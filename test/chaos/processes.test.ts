/** The programs of a host die one by one: its pods go on as they are, and nobody takes the host for lost. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Drill } from '../support/drill.ts';
import { eventually } from '../support/eventually.ts';
import { until } from '../support/until.ts';

const NODE = 'node-2';

describe('an agent or a containerd that is killed', function () {
  this.timeout(120_000);
  let drill: Drill;
  let lostNodes: string[];
  let endWatch: () => void;

  before(async () => {
    drill = await Drill.start();
    await drill.graceOver();
  });
  after(() => drill?.stop());
  beforeEach(() => {
    lostNodes = [];
    endWatch = drill.fleet.onNodeLost((name) => lostNodes.push(name));
  });
  afterEach(() => endWatch());

  /** Nothing is known of it but its agent's session: it is there again when the node serves streams. */
  async function untilAgentServes(): Promise<void> {
    const [pod] = drill.fleet.on(NODE);
    await eventually('the agent serves again', async () => {
      const text = await drill.cluster.kubectl('exec', pod?.metadata.name ?? '', '--', 'echo', 'there');
      return text.includes('there') ? true : undefined;
    });
  }

  it('leaves the pods of a killed agent alone, and its node in service', async () => {
    const before = drill.fleet.containers();
    const begun = Date.now();
    const pid = await drill.signal(NODE, 'agent', 'SIGKILL');
    await eventually('another agent', async () => {
      const next = await drill.host(NODE).servicePid('agent');
      return next !== undefined && next !== pid ? next : undefined;
    });
    await untilAgentServes();
    await drill.settled();
    assert.deepEqual(drill.fleet.containers(), before);
    assert.deepEqual(lostNodes, []);
    const requests = await drill.requestsAfter(begun, 100);
    assert.deepEqual(
      requests.filter(({ ok }) => !ok),
      [],
    );
  });

  it('starts containers that end while no agent runs as soon as there is one', async () => {
    const [pod] = drill.fleet.on(NODE);
    const pid = await drill.processOn(NODE, '/bin/serve-hello');
    assert.ok(pod && pid !== undefined);
    await drill.signal(NODE, 'agent', 'SIGKILL');
    await drill.killOn(NODE, pid);
    const restarts = (): number =>
      drill.fleet.pods.get(`default/${pod.metadata.name}`)?.status.containerStatuses?.[0]?.restartCount ?? 0;
    await until([drill.fleet.pods], () => restarts() === 1, { what: 'one restart', instead: restarts });
    await drill.settled();
    assert.deepEqual(lostNodes, []);
  });

  it('leaves the pods of a killed containerd alone, and starts another one', async () => {
    const before = drill.fleet.containers();
    const begun = Date.now();
    const file = join('/run/dure/containerd/process.json');
    const { pid } = JSON.parse(await drill.host(NODE).run('cat', file)) as { pid: number };
    await drill.killOn(NODE, pid);
    await eventually('another containerd', async () => {
      const tasks = await drill.containersOn(NODE);
      return tasks.length > 0 ? tasks : undefined;
    });
    await untilAgentServes();
    await drill.settled();
    assert.deepEqual(drill.fleet.containers(), before);
    assert.deepEqual(lostNodes, []);
    const requests = await drill.requestsAfter(begun, 100);
    assert.deepEqual(
      requests.filter(({ ok }) => !ok),
      [],
    );
    // New pods run on it too.
    await drill.cluster.kubectl('scale', 'deployment/hello', '--replicas=6');
    await drill.fleet.settled(6);
    assert.ok(drill.fleet.on(NODE).length > 1);
    await drill.cluster.kubectl('scale', 'deployment/hello', '--replicas=3');
    await drill.settled();
    assert.deepEqual(drill.fleet.containers(), before);
  });

  it('puts a damaged copy of the last known state aside, says so, and asks the server', async () => {
    const before = drill.fleet.containers();
    const host = drill.host(NODE);
    const state = join(host.place.directory, 'data', 'state');
    const pid = await host.servicePid('agent');
    // Stopped first, so that it can't write a good one over it before it dies.
    await drill.signal(NODE, 'agent', 'SIGSTOP');
    await host.run('sh', '-c', `printf 'dure-state/1 0000\\n{"half":' > ${state}`);
    await drill.signal(NODE, 'agent', 'SIGKILL');
    await eventually('another agent', async () => ((await host.servicePid('agent')) !== pid ? true : undefined));
    await untilAgentServes();
    await drill.settled();
    assert.deepEqual(drill.fleet.containers(), before);
    const log = await readFile(drill.logOf(NODE, 'agent'), 'utf8');
    assert.match(log, /the last known state is damaged; it was put aside/);
    assert.match(await readFile(`${state}.corrupt`, 'utf8'), /"half"/);
  });
});
