/**
 * What a change costs a real server on a real etcd, and when those who watch hear of it: one watcher, then again with ten
 * times as many objects, which an event must not notice, and 5,000 watchers. One line of JSON: latencies from the request
 * that changes something to the event, and processor time, in milliseconds.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { ApiLoad, createPods, PODS_PATH } from './api-load.ts';
import { percentilesOf, processorMilliseconds, residentMegabytes, rounded } from './measure.ts';
import { ServerProcess } from './server-process.ts';
import { sleep, systemClock } from '../../lib/clock.ts';

const OBJECTS = [1000, 10_000] as const;
const CLIENTS = 16;
const MANY = 5000;
const SECONDS = Number(process.env['BENCH_SECONDS'] ?? 10);

interface FanOut {
  readonly watchers: number;
  readonly changesPerSecond: number;
  /** Of events that were to come, those that came. */
  readonly events: number;
  readonly expected: number;
  readonly milliseconds: ReturnType<typeof percentilesOf>;
  /** Of the server, for one change with all its events. */
  readonly processorMilliseconds: number;
  readonly residentMegabytes: number;
}

interface Answer {
  readonly events: number;
  readonly latencies: ReturnType<typeof percentilesOf>;
}

const server = await ServerProcess.start();
const load = new ApiLoad(server);

/** The watchers are a process of their own; each change carries the moment at which it was sent. */
async function fanOut(watchers: number, changesPerSecond: number, objects: number): Promise<FanOut> {
  const changes = changesPerSecond * SECONDS;
  const sample = Math.max(1, Math.floor((watchers * changes) / 10_000));
  const program = join(import.meta.dirname, 'watchers.ts');
  const child = spawn(process.execPath, [program, String(watchers), String(sample)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  try {
    // A watch begins with what shared its commit with the state it begins from: that is one change alone, then.
    await change(1, changesPerSecond, objects);
    child.stdin.write(`${JSON.stringify(server.access)}\n`);
    const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
    await lines.next();
    const used = processorMilliseconds(server.pid);
    await change(changes, changesPerSecond, objects);
    child.stdin.write(`${watchers * changes}\n`);
    const { events, latencies } = JSON.parse((await lines.next()).value ?? '') as Answer;
    return {
      watchers,
      changesPerSecond,
      events,
      expected: watchers * changes,
      milliseconds: latencies,
      processorMilliseconds: rounded((processorMilliseconds(server.pid) - used) / changes),
      residentMegabytes: residentMegabytes(server.pid),
    };
  } finally {
    child.stdin.end();
    if (child.exitCode === null) await once(child, 'exit');
  }
}

async function change(changes: number, changesPerSecond: number, objects: number): Promise<void> {
  const begun = performance.now();
  const writes: Promise<unknown>[] = [];
  for (let number = 0; number < changes; number += 1) {
    const body = { metadata: { annotations: { 'bench/sent': String(Date.now()) } } };
    const path = `${PODS_PATH}/pod-${(number * 7919) % objects}`;
    writes.push(load.send({ method: 'PATCH', path, body, type: 'application/merge-patch+json' }));
    const ahead = (number * 1000) / changesPerSecond - (performance.now() - begun);
    if (ahead > 0) await sleep(systemClock, ahead);
  }
  await Promise.all(writes);
}

try {
  const [few, many] = OBJECTS;
  await createPods(load, 0, few, CLIENTS);
  const amongFew = await fanOut(1, 100, few);
  await createPods(load, few, many, CLIENTS);
  const amongMany = await fanOut(1, 100, many);
  const toMany = await fanOut(MANY, 10, many);
  const perWatcher = (toMany.processorMilliseconds - amongMany.processorMilliseconds) / (MANY - 1);
  console.log(
    JSON.stringify({
      bench: 'fan-out',
      unit: 'milliseconds',
      /** Of the processor time of a change that one watcher is told of, when there are ten times as many objects. */
      ratio: rounded(amongMany.processorMilliseconds / amongFew.processorMilliseconds),
      processorMicrosecondsPerWatcher: rounded(perWatcher * 1000),
      one: { [few]: amongFew, [many]: amongMany },
      many: { [many]: toMany },
    }),
  );
} finally {
  load.close();
  await server.stop();
}
