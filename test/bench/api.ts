/**
 * The API of a real server on a real etcd with 10,000 pods: GET of one and LIST of all, one request at a time and several,
 * LIST as a message and with a selector that finds nothing,
 * and 1,000 watchers that are sent 100 changes a second. Latencies in milliseconds, processor time as a percentage of one
 * core. One line of JSON.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { percentilesOf, processorMeter, residentMegabytes, rounded } from './measure.ts';
import { ServerProcess } from './server_process.ts';
import type { RestClient } from '../../lib/client/rest.ts';
import { sleep, systemClock } from '../../lib/clock.ts';

const PODS = 10_000;
const GETS = 5000;
const LISTS = 20;
const CLIENTS = 16;
const WATCHERS = 1000;
const CHANGES_A_SECOND = 100;
const SECONDS = Number(process.env['BENCH_SECONDS'] ?? 15);
const PROTOBUF = 'application/vnd.kubernetes.protobuf';
const PATH = '/api/v1/namespaces/default/pods';

interface Watched {
  readonly events: number;
  readonly latencies: Record<string, number>;
}

function pod(name: string): object {
  const resources = { requests: { cpu: '100m', memory: '128Mi' } };
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, labels: { app: 'bench' } },
    // Nobody schedules it: only the API is measured.
    spec: { schedulerName: 'nobody', containers: [{ name: 'main', image: 'app:1', resources }] },
  };
}

/** Calls `work` with 0 to `count` - 1, `clients` at a time. Milliseconds of each, and calls a second. */
async function timed(count: number, clients: number, work: (number: number) => Promise<unknown>): Promise<object> {
  const latencies: number[] = [];
  let next = 0;
  const client = async (): Promise<void> => {
    while (next < count) {
      const number = next;
      next += 1;
      const begun = performance.now();
      await work(number);
      latencies.push(performance.now() - begun);
    }
  };
  const begun = performance.now();
  await Promise.all(Array.from({ length: clients }, client));
  return {
    clients,
    perSecond: rounded(count / ((performance.now() - begun) / 1000)),
    milliseconds: percentilesOf(latencies),
  };
}

async function drained(client: RestClient, path: string, accept?: string): Promise<void> {
  const { body } = await client.open(path, accept === undefined ? {} : { accept });
  body.resume();
  await once(body, 'end');
}

/** The watchers are a process of their own; each change carries the moment at which it was sent. */
async function watched(server: ServerProcess, client: RestClient): Promise<object> {
  const program = join(import.meta.dirname, 'api_watchers.ts');
  const child = spawn(process.execPath, [program, String(WATCHERS)], { stdio: ['pipe', 'pipe', 'inherit'] });
  try {
    child.stdin.write(`${JSON.stringify(server.access)}\n`);
    const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
    await lines.next();
    const used = processorMeter({ server: server.pid, etcd: server.etcdPid });
    await change(client);
    const processorPercent = used();
    child.stdin.end();
    const answer = JSON.parse((await lines.next()).value ?? '') as Watched;
    const expected = WATCHERS * CHANGES_A_SECOND * SECONDS;
    return { watchers: WATCHERS, changesPerSecond: CHANGES_A_SECOND, expected, ...answer, processorPercent };
  } finally {
    await ended(child);
  }
}

async function change(client: RestClient): Promise<void> {
  const begun = performance.now();
  const writes: Promise<unknown>[] = [];
  for (let number = 0; number < CHANGES_A_SECOND * SECONDS; number += 1) {
    const patch = { metadata: { annotations: { 'bench/sent': String(Date.now()) } } };
    writes.push(client.patch(`${PATH}/pod-${number % PODS}`, 'merge-patch', patch));
    const ahead = (number * 1000) / CHANGES_A_SECOND - (performance.now() - begun);
    if (ahead > 0) await sleep(systemClock, ahead);
  }
  await Promise.all(writes);
  // The last ones are still on their way.
  await sleep(systemClock, 2000);
}

async function ended(child: ChildProcess): Promise<void> {
  child.stdin?.end();
  if (child.exitCode === null) await once(child, 'exit');
}

const server = await ServerProcess.start();
const client = server.client();
try {
  const create = await timed(PODS, CLIENTS, (number) => client.create(PATH, pod(`pod-${number}`)));
  const meter = processorMeter({ server: server.pid, etcd: server.etcdPid });
  const get = (number: number): Promise<void> => drained(client, `${PATH}/pod-${number % PODS}`);
  const list = (): Promise<void> => drained(client, PATH);
  const listMessages = (): Promise<void> => drained(client, PATH, PROTOBUF);
  const listSome = (): Promise<void> => drained(client, `${PATH}?labelSelector=app=none`);
  const parts = {
    create,
    getAlone: { ...(await timed(GETS, 1, get)), processorPercent: meter() },
    get: { ...(await timed(GETS, CLIENTS, get)), processorPercent: meter() },
    listAlone: { ...(await timed(LISTS, 1, list)), processorPercent: meter() },
    list: { ...(await timed(LISTS, 4, list)), processorPercent: meter() },
    listProtobufAlone: { ...(await timed(LISTS, 1, listMessages)), processorPercent: meter() },
    listSelectedAlone: { ...(await timed(LISTS, 1, listSome)), processorPercent: meter() },
    watch: await watched(server, client),
  };
  const residentMegabytesNow = residentMegabytes(server.pid);
  console.log(JSON.stringify({ bench: 'api', pods: PODS, ...parts, residentMegabytes: residentMegabytesNow }));
} finally {
  client.close();
  await server.stop();
}
