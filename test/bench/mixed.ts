/**
 * 500 requests a second on a server that has one core to itself, among 10,000 pods: of ten, six GETs of a pod, a LIST of 100,
 * a create, a patch and an apply. Requests are sent when they are due, whether or not those before have been answered; etcd
 * and the client have the other cores. One line of JSON: latencies in milliseconds.
 */
import { execFileSync } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { ApiLoad, createPods, idlePod, PODS_PATH, type Call } from './api-load.ts';
import { percentilesOf, processorMeter, residentMegabytes, rounded } from './measure.ts';
import { ServerProcess } from './server-process.ts';
import { sleep, systemClock } from '../../lib/clock.ts';

const PODS = 10_000;
const FEW = 100;
const FEW_PATH = '/api/v1/namespaces/few/pods';
const CLIENTS = 16;
const REQUESTS_A_SECOND = 500;
const WARM_UP_SECONDS = 5;
const SECONDS = Number(process.env['BENCH_SECONDS'] ?? 30);
/** At 99 %, in milliseconds. */
const TARGET = { get: 5, change: 20 };

type Sort = 'get' | 'list' | 'change';

const server = await ServerProcess.start();
const load = new ApiLoad(server);
let made = 0;

/** The `number`th request. */
function request(number: number): { sort: Sort; call: Call } {
  const path = `${PODS_PATH}/pod-${(number * 7919) % PODS}`;
  switch (number % 10) {
    case 1:
      return { sort: 'list', call: { path: FEW_PATH } };
    case 4:
      made += 1;
      return { sort: 'change', call: { method: 'POST', path: PODS_PATH, body: idlePod(`made-${made}`) } };
    case 6: {
      const body = { metadata: { annotations: { 'bench/patched': String(number) } } };
      return { sort: 'change', call: { method: 'PATCH', path, body, type: 'application/merge-patch+json' } };
    }
    case 9: {
      const name = `pod-${(number * 7919) % PODS}`;
      const body = idlePod(name, { 'bench/applied': String(number) });
      const applied = `${path}?fieldManager=bench-apply&force=true`;
      return { sort: 'change', call: { method: 'PATCH', path: applied, body, type: 'application/apply-patch+yaml' } };
    }
    default:
      return { sort: 'get', call: { path } };
  }
}

async function run(seconds: number): Promise<{ latencies: Record<Sort, number[]>; perSecond: number }> {
  const latencies: Record<Sort, number[]> = { get: [], list: [], change: [] };
  const underWay: Promise<void>[] = [];
  const count = REQUESTS_A_SECOND * seconds;
  const begun = performance.now();
  const send = async (number: number): Promise<void> => {
    const { sort, call } = request(number);
    const sent = performance.now();
    await load.send(call);
    latencies[sort].push(performance.now() - sent);
  };
  for (let number = 0; number < count; number += 1) {
    const ahead = begun + (number * 1000) / REQUESTS_A_SECOND - performance.now();
    if (ahead > 0) await sleep(systemClock, ahead);
    underWay.push(send(number));
  }
  await Promise.all(underWay);
  return { latencies, perSecond: rounded(count / ((performance.now() - begun) / 1000)) };
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
  const { latencies, perSecond } = await run(SECONDS);
  const processorPercent = used();
  const [get, list, change] = [latencies.get, latencies.list, latencies.change].map(percentilesOf);
  console.log(
    JSON.stringify({
      bench: 'mixed',
      unit: 'milliseconds',
      ratio: { get: rounded((get?.p99 ?? 0) / TARGET.get), change: rounded((change?.p99 ?? 0) / TARGET.change) },
      target: TARGET,
      requestsPerSecond: { wanted: REQUESTS_A_SECOND, reached: perSecond },
      get,
      list,
      change,
      processorPercent,
      residentMegabytes: residentMegabytes(server.pid),
    }),
  );
} finally {
  load.close();
  await server.stop();
}
