/**
 * A stateful set's pod moves when its host is lost, and two of it never run at once: by the word of the pods themselves, the
 * last that the former one ever says is before the first of the next. What nobody has replaced goes on where it was.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Pod } from '../../api/types/core.v1.ts';
import { IMAGES } from '../../cli/local/images.ts';
import { serversReady } from '../../cli/local/ready.ts';
import { Informer } from '../../lib/client/informer.ts';
import { sleep, systemClock } from '../../lib/clock.ts';
import { TestCluster } from '../support/cluster.ts';
import { eventually } from '../support/eventually.ts';
import { isReadyPod } from '../support/fleet.ts';
import { NodeProbe } from '../support/probe.ts';
import { until } from '../support/until.ts';
import { Witness } from '../support/witness.ts';

/** The defaults of the server's flag --node-grace, and what is promised. */
const NODE_GRACE_MILLISECONDS = 10_000;
const MEDIAN_MILLISECONDS = 5000;
const WORST_MILLISECONDS = 10_000;
/** The length of a lease, and the guard's time after it; a server that is away for longer has pods frozen. */
const FROZEN_MILLISECONDS = 4000;
/** A host that is back by then has been without an acknowledgement for less than the lease, whenever the last one was sent. */
const BACK_MILLISECONDS = 600;
/** For at least one heartbeat to be lost. */
const AWAY_MILLISECONDS = 450;
const PORT = 7000;

const LABELS = { app: 'db' };
const SERVICE = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'dbs' },
  spec: { clusterIP: 'None', selector: LABELS, ports: [{ port: 80 }] },
};

/** Not on the host from which the test looks at DNS. */
const statefulSet = (eyes: string, { volumes, containers }: Witness['spec']): object => ({
  apiVersion: 'apps/v1',
  kind: 'StatefulSet',
  metadata: { name: 'db' },
  spec: {
    replicas: 1,
    serviceName: 'dbs',
    selector: { matchLabels: LABELS },
    template: {
      metadata: { labels: LABELS },
      spec: {
        affinity: {
          nodeAffinity: {
            requiredDuringSchedulingIgnoredDuringExecution: {
              nodeSelectorTerms: [{ matchFields: [{ key: 'metadata.name', operator: 'NotIn', values: [eyes] }] }],
            },
          },
        },
        // Longer than the fence: a pod that ignores SIGTERM must not outlive it.
        terminationGracePeriodSeconds: 60,
        volumes,
        containers: [
          // One that does not answer in time is not alive: nobody may ask while it is frozen.
          ...containers.map((container) => ({
            ...container,
            livenessProbe: { exec: { command: ['true'] }, periodSeconds: 1, failureThreshold: 1 },
          })),
          {
            name: 'talk',
            image: IMAGES.busybox,
            command: ['sh', '-c', `(i=0; while :; do echo $i; i=$((i+1)); sleep 0.05; done) | nc -l -p ${PORT}`],
          },
        ],
      },
    },
  },
});

describe('a pod of a stateful set', function () {
  this.timeout(300_000);
  const witness = new Witness();
  let cluster: TestCluster;
  let pods: Informer<Pod>;
  let probe: NodeProbe;
  let eyes = '';

  before(async () => {
    witness.open();
    cluster = await TestCluster.start({ nodes: 3 });
    [eyes = ''] = cluster.local.nodeNames;
    pods = new Informer<Pod>({ client: cluster.client, path: '/api/v1/namespaces/default/pods', clock: systemClock });
    await pods.start();
    for (const manifest of [SERVICE, statefulSet(eyes, witness.spec)]) {
      await cluster.kubectlWith(JSON.stringify(manifest), 'apply', '-f', '-');
    }
    probe = NodeProbe.start(cluster.local.host(eyes), 'db-0.dbs.default.svc.cluster.local');
    // Time passes on purpose: a server that has just started gives nodes this long to come back, and judges none of them.
    await sleep(systemClock, NODE_GRACE_MILLISECONDS);
  });
  after(async () => {
    probe?.stop();
    await pods?.stop();
    await cluster?.stop();
    await witness.remove();
  });

  const ready = (): Pod | undefined => [...pods.list()].find(isReadyPod);
  const uidOf = (pod: Pod | undefined): string => pod?.metadata.uid ?? '';

  async function whenReady(): Promise<Pod> {
    await until([pods], () => ready() !== undefined, { what: 'the pod is ready' });
    const pod = ready();
    assert.ok(pod);
    return pod;
  }

  /** Resolves with the pod that took its place, and the milliseconds until that was ready. */
  async function replaced(former: Pod, begun: number): Promise<{ next: Pod; took: number }> {
    const isNext = (pod: Pod): boolean => uidOf(pod) !== uidOf(former) && isReadyPod(pod);
    const readyAt = await until([pods], () => [...pods.list()].some(isNext), { what: 'it is ready elsewhere' });
    const next = [...pods.list()].find(isNext);
    assert.ok(next);
    assert.equal(next.metadata.name, 'db-0');
    assert.notEqual(next.spec.nodeName, former.spec.nodeName);
    return { next, took: Math.round(readyAt - begun) };
  }

  function assertNeverTwice(): void {
    const succession = witness.succession();
    assert.equal(new Set(succession).size, succession.length, `one ran again after another: ${succession.join(', ')}`);
  }

  async function assertLeftAlone(node: string, next: Pod): Promise<void> {
    await cluster.kubectl('wait', '--for=condition=Ready', `node/${node}`, '--timeout=60s');
    assert.deepEqual([...pods.list()].map(uidOf), [uidOf(next)]);
    const host = cluster.local.host(node);
    await eventually('what was frozen has ended', async () =>
      (await host.run('sh', '-c', "pgrep -f '[w]itness/lines' || echo none")).trim() === 'none' ? true : undefined,
    );
    await witness.goesOn(uidOf(next));
    assertNeverTwice();
  }

  it('moves within seconds when its host is lost, keeps its name, and never runs twice', async () => {
    const times: number[] = [];
    for (const manner of ['kill', 'cut', 'kill', 'cut'] as const) {
      const former = await whenReady();
      const node = former.spec.nodeName ?? '';
      await witness.goesOn(uidOf(former));
      const begun = systemClock.now();
      const begunDate = Date.now();
      await cluster.local[manner](node);
      const { next, took } = await replaced(former, begun);
      await witness.goesOn(uidOf(next));
      assertNeverTwice();
      const address = next.status.podIP ?? '';
      const namedAt = await probe.first(begunDate, 'dns', (addresses) => addresses.join() === address);
      console.log(`      ${manner}: ready after ${took} ms, in DNS after ${namedAt - begunDate} ms`);
      times.push(took);
      await cluster.local[manner === 'kill' ? 'start' : 'heal'](node);
      await assertLeftAlone(node, next);
    }
    const sorted = times.toSorted((a, b) => a - b);
    // The quicker one of the two in the middle: what is measured shares its machine.
    assert.ok((sorted[1] ?? Infinity) < MEDIAN_MILLISECONDS, `they took ${times.join(', ')} ms`);
    assert.ok((sorted.at(-1) ?? Infinity) < WORST_MILLISECONDS, `they took ${times.join(', ')} ms`);
  });

  /** How often the node's agent has frozen its pods so far. */
  const freezes = (node: string): number =>
    readFileSync(cluster.local.host(node).logFile('agent'), 'utf8').split('pods with an identity are frozen').length -
    1;

  function assertCountedOn(uid: string): void {
    const counts = witness.lines().flatMap((line) => (line.uid === uid ? line.count : []));
    assert.deepEqual(
      counts,
      counts.map((_, index) => index),
      'the process has counted on',
    );
  }

  it('goes on as if nothing had been when its host is back within its lease', async () => {
    const former = await whenReady();
    const uid = uidOf(former);
    const node = former.spec.nodeName ?? '';
    const before = freezes(node);
    const begun = systemClock.now();
    await cluster.local.cut(node);
    // Time passes on purpose.
    await sleep(systemClock, AWAY_MILLISECONDS);
    await cluster.local.heal(node);
    const took = Math.round(systemClock.now() - begun);
    await cluster.kubectl('wait', '--for=condition=Ready', `node/${node}`, '--timeout=60s');
    await witness.goesOn(uid);
    // A machine that is slow enough may have needed longer than the lease.
    console.log(`      cut for ${took} ms, frozen ${freezes(node) - before} times`);
    if (took < BACK_MILLISECONDS) assert.equal(freezes(node), before);
    assert.deepEqual([...pods.list()].map(uidOf), [uid]);
    assertCountedOn(uid);
  });

  it('runs in one place when its host is back just as it is about to be replaced', async () => {
    const former = await whenReady();
    const node = former.spec.nodeName ?? '';
    const before = freezes(node);
    await cluster.local.cut(node);
    await eventually('it is frozen', () => Promise.resolve(freezes(node) > before || undefined));
    await cluster.local.heal(node);
    await cluster.kubectl('wait', '--for=condition=Ready', `node/${node}`, '--timeout=60s');
    const isDecided = (): boolean => {
      const [only, ...others] = [...pods.list()];
      return only !== undefined && others.length === 0 && isReadyPod(only);
    };
    await until([pods], isDecided, { what: 'one pod is ready' });
    const next = await whenReady();
    console.log(`      ${uidOf(next) === uidOf(former) ? 'it went on' : 'it was replaced'}`);
    await witness.goesOn(uidOf(next));
    assertNeverTwice();
    assertCountedOn(uidOf(next));
    assertCountedOn(uidOf(former));
  });

  it('is frozen when its agent hangs on a host that lives, and never runs again once it was replaced', async () => {
    const former = await whenReady();
    const node = former.spec.nodeName ?? '';
    await witness.goesOn(uidOf(former));
    const agent = await cluster.local.host(node).servicePid('agent');
    assert.ok(agent !== undefined);
    const begun = systemClock.now();
    process.kill(agent, 'SIGSTOP');
    try {
      const { next, took } = await replaced(former, begun);
      console.log(`      ready after ${took} ms`);
      await witness.goesOn(uidOf(next));
      assertNeverTwice();
      process.kill(agent, 'SIGCONT');
      await assertLeftAlone(node, next);
    } finally {
      process.kill(agent, 'SIGCONT');
    }
  });

  it('pauses for as long as the server is away, and goes on as the same process with its connections', async () => {
    const former = await whenReady();
    const uid = uidOf(former);
    const before = former.status.containerStatuses;
    const inside = await cluster.local.host(eyes).enter();
    const connection = spawn('nsenter', [...inside, 'busybox', 'nc', former.status.podIP ?? '', String(PORT)]);
    const said = numbersOf(connection);
    try {
      await eventually('it says something', () => Promise.resolve(said.length > 0 || undefined));
      const server = cluster.local.host(cluster.local.serverNames[0] ?? '');
      await server.stopService('server');
      // Time passes on purpose: what the pod says, or does not, shows that it is frozen.
      await sleep(systemClock, FROZEN_MILLISECONDS);
      const counted = witness.lines().length;
      await sleep(systemClock, 1000);
      assert.equal(witness.lines().length, counted, 'it is frozen');
      const startedAt = systemClock.now();
      await cluster.local.start(server.place.name);
      await witness.goesOn(uid);
      console.log(`      it goes on ${Math.round(systemClock.now() - startedAt)} ms after the server is started`);
      await serversReady(cluster.local, systemClock, () => undefined);
      const heard = said.length;
      await eventually('the connection goes on', () => Promise.resolve(said.length > heard || undefined));
    } finally {
      connection.kill();
    }
    assert.deepEqual(
      said,
      said.map((_, index) => (said[0] ?? 0) + index),
      'nothing is missing in the connection',
    );
    assertCountedOn(uid);
    const after = JSON.parse(await cluster.kubectl('get', 'pod', 'db-0', '-o', 'json')) as Pod;
    assert.equal(uidOf(after), uid);
    const idsOf = (statuses: Pod['status']['containerStatuses']): unknown =>
      statuses?.map(({ containerID, restartCount }) => [containerID, restartCount]);
    assert.deepEqual(idsOf(after.status.containerStatuses), idsOf(before));
    assertNeverTwice();
  });
});

/** The lines that a program has said so far. */
function numbersOf(program: ChildProcess): number[] {
  const numbers: number[] = [];
  assert.ok(program.stdout);
  createInterface({ input: program.stdout }).on('line', (line) => numbers.push(Number(line)));
  return numbers;
}
