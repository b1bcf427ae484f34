/**
 * `watchers.ts COUNT SAMPLE`: so many watches of the pods of a namespace. Reads where the API is from its standard input and
 * says `ready` when all are open; then reads how many events are to come, and says once they have, or after half a minute
 * without one, how many there were and how old. Every SAMPLE-th is read for that: reading all would measure this process.
 */
import { createInterface } from 'node:readline';
import { PODS_PATH } from './api-load.ts';
import { percentilesOf } from './measure.ts';
import type { ClusterAccess } from '../../lib/client/cluster.ts';
import { RestClient } from '../../lib/client/rest.ts';
import { systemClock } from '../../lib/clock.ts';

/** A connection carries at most so many watches at a time. */
const WATCHES_PER_CONNECTION = 100;
const QUIET_MILLISECONDS = 30_000;
const SENT = Buffer.from('"bench/sent":"');
const NEWLINE = 10;

const [wanted = 0, sample = 1] = process.argv.slice(2).map(Number);
let events = 0;
let expected = Infinity;
const latencies: number[] = [];
const quiet = setTimeout(finish, QUIET_MILLISECONDS);

/** An event is a line; a chunk may end within one. */
function count(chunk: Buffer): void {
  for (let at = chunk.indexOf(NEWLINE); at >= 0; at = chunk.indexOf(NEWLINE, at + 1)) {
    events += 1;
    if (events % sample !== 0) continue;
    const sent = chunk.lastIndexOf(SENT, at);
    if (sent < 0) continue;
    const from = sent + SENT.length;
    latencies.push(Date.now() - Number(chunk.toString('latin1', from, chunk.indexOf(0x22, from))));
  }
  if (events >= expected) finish();
  else quiet.refresh();
}

function finish(): void {
  console.log(JSON.stringify({ events, latencies: percentilesOf(latencies) }));
  process.exit();
}

async function open(client: RestClient): Promise<void> {
  const { metadata } = await client.get<{ metadata: { resourceVersion: string } }>(PODS_PATH, { query: { limit: 1 } });
  const { body } = await client.open(PODS_PATH, {
    query: { watch: true, resourceVersion: metadata.resourceVersion, timeoutSeconds: 600 },
  });
  quiet.refresh();
  body.on('data', count).on('error', (error) => {
    console.error(`a watch ended: ${error.message}`);
  });
}

const lines = createInterface(process.stdin)[Symbol.asyncIterator]();
const access = JSON.parse((await lines.next()).value ?? '') as ClusterAccess;
for (let opened = 0; opened < wanted; opened += WATCHES_PER_CONNECTION) {
  const client = new RestClient({ access, clock: systemClock, userAgent: 'bench' });
  await Promise.all(Array.from({ length: Math.min(WATCHES_PER_CONNECTION, wanted - opened) }, () => open(client)));
}
console.log('ready');
const { value, done } = await lines.next();
if (done) process.exit();
expected = Number(value);
quiet.refresh();
if (events >= expected) finish();
