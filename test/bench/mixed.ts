/**
 * 500 requests a second on a server that has one core to itself, among 10,000 pods: of ten, six GETs of a pod, a LIST of 100,
 * a create, a patch and an apply. Requests are sent when they are due, whether or not those before have been answered; etcd
 * and the client have the other cores. One line of JSON: latencies in milliseconds, how late the client itself was, and what
 * the server did while those requests were under way that took longer than they may.
 */
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { ApiLoad, createPods, idlePod, PODS_PATH, type Call } from './api-load.ts';
import { percentilesOf, processorMeter, residentMegabytes, rounded } from './measure.ts';
import type { ListsOrder } from './mixed-lists.ts';
import { runOpenLoop, type Sent } from './open-loop.ts';
import { ServerProcess } from './server-process.ts';
import { WaitSampler } from './waits.ts';

const PODS = 10_000;
const FEW = 100;
const FEW_PATH = '/api/v1/namespaces/few/pods';
const CLIENTS = 16;
const REQUESTS_A_SECOND = 500;
const LISTS_A_SECOND = REQUESTS_A_SECOND / 10;
const WARM_UP_SECONDS = 5;
const SECONDS = Number(process.env['BENCH_SECONDS'] ?? 30);
/** At 99 %, in milliseconds. */
const TARGET = { get: 5, change: 20 };

type Sort = 'get' | 'change';

const server = await ServerProcess.start();
const load = new ApiLoad(server);
let made = 0;

/** The `number`th of those that are no lists. */
function request(number: number): { sort: Sort; call: Call } {
  const name = `pod-${(number * 7919) % PODS}`;
  const path = `${PODS_PATH}/${name}`;
  switch (number % 9) {
    case 3:
      made += 1;
      return { sort: 'change', call: { method: 'POST', path: PODS_PATH, body: idlePod(`made-${made}`) } };
    case 5: {
      const body = { metadata: { annotations: { 'bench/patched': String(number) } } };
      return { sort: 'change', call: { method: 'PATCH', path, body, type: 'application/merge-patch+json' } };
    }
    case 8: {
      const body = idlePod(name, { 'bench/applied': String(number) });
      const applied = `${path}?fieldManager=bench-apply&force=true`;
      return { sort: 'change', call: { method: 'PATCH', path: applied, body, type: 'application/apply-patch+yaml' } };
    }
    default:
      return { sort: 'get', call: { path } };
  }
}

async function run(seconds: number): Promise<Sent[]> {
  const lists = listed(seconds);
  const others = runOpenLoop({ load, perSecond: REQUESTS_A_SECOND - LISTS_A_SECOND, seconds, request });
  return (await Promise.all([others, lists])).flat();
}

/** Rejects when the thread fails. */
async function listed(seconds: number): Promise<Sent[]> {
  const { pid, etcdPid, access } = server;
  const order: ListsOrder = {
    server: { pid, etcdPid, access },
    path: FEW_PATH,
    perSecond: LISTS_A_SECOND,
    seconds,
  };
  const worker = new Worker(new URL('mixed-lists.ts', import.meta.url), { workerData: order });
  const [sent] = (await once(worker, 'message')) as [Sent[]];
  return sent;
}

function latenciesOf(sent: readonly Sent[], sort: Sort | 'list'): number[] {
  return sent.filter((each) => each.sort === sort).map((each) => each.answered - each.sent);
}

/** Those that took longer than 99 % of them may. */
function slowOf(sent: readonly Sent[], sort: Sort): Sent[] {
  return sent.filter((each) => each.sort === sort && each.answered - each.sent > TARGET[sort]);
}

/** The server gets the first core, all else the others, where there are others. */
function divideCores(): void {
  const cores = availableParallelism();
  pin(server.pid, '0');
  if (cores > 1) for (const pid of [server.etcdPid, process.pid]) pin(pid, `1-${cores - 1}`);
}

function pin(pid: number, cores: string): void {
  execFileSync('taskset', ['--all-tasks', '--cpu-list', '--pid', cores, String(pid)], { stdio: 'ignore' });
}

try {
  await load.send({ method: 'POST', path: '/api/v1/namespaces', body: { metadata: { name: 'few' } } });
  await load.measured(FEW, CLIENTS, (number) => ({ method: 'POST', path: FEW_PATH, body: idlePod(`pod-${number}`) }));
  await createPods(load, 0, PODS, CLIENTS);
  divideCores();
  await run(WARM_UP_SECONDS);
  const used = processorMeter({ server: server.pid, etcd: server.etcdPid });
  const waits = new WaitSampler(server.pid);
  const begun = performance.now();
  const sent = await run(SECONDS);
  const perSecond = rounded(sent.length / ((performance.now() - begun) / 1000));
  waits.stop();
  const processorPercent = used();
  const get = percentilesOf(latenciesOf(sent, 'get'));
  const change = percentilesOf(latenciesOf(sent, 'change'));
  console.log(
    JSON.stringify({
      bench: 'mixed',
      unit: 'milliseconds',
      ratio: { get: rounded(get.p99 / TARGET.get), change: rounded(change.p99 / TARGET.change) },
      target: TARGET,
      requestsPerSecond: { wanted: REQUESTS_A_SECOND, reached: perSecond },
      get,
      list: percentilesOf(latenciesOf(sent, 'list')),
      change,
      clientLate: percentilesOf(sent.map((each) => each.sent - each.due)),
      whileSlow: { get: waits.of(slowOf(sent, 'get')), change: waits.of(slowOf(sent, 'change')) },
      processorPercent,
      residentMegabytes: residentMegabytes(server.pid),
    }),
  );
} finally {
  load.close();
  await server.stop();
}
