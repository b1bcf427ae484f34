/**
 * `api_watchers.ts COUNT`: so many watches of the pods of a namespace. Reads where the API is from its standard input, says
 * `ready` when all are open, and when its input ends how many events came and how old they were.
 */
import { createInterface } from 'node:readline';
import { percentilesOf } from './measure.ts';
import type { ClusterAccess } from '../../lib/client/cluster.ts';
import { RestClient } from '../../lib/client/rest.ts';
import { systemClock } from '../../lib/clock.ts';

/** A connection carries at most so many watches at a time. */
const WATCHES_PER_CONNECTION = 100;
/** One in so many events is read for the time at which its change was sent: reading all would measure this process. */
const SAMPLE = 20;
const SENT = Buffer.from('"bench/sent":"');
const NEWLINE = 10;

let events = 0;
const latencies: number[] = [];

/** An event is a line; a chunk may end within one. */
function count(chunk: Buffer): void {
  for (let at = chunk.indexOf(NEWLINE); at >= 0; at = chunk.indexOf(NEWLINE, at + 1)) {
    events += 1;
    if (events % SAMPLE !== 0) continue;
    const sent = chunk.lastIndexOf(SENT, at);
    if (sent < 0) continue;
    const from = sent + SENT.length;
    latencies.push(Date.now() - Number(chunk.toString('latin1', from, chunk.indexOf(0x22, from))));
  }
}

async function open(client: RestClient): Promise<void> {
  const { metadata } = await client.get<{ metadata: { resourceVersion: string } }>('/api/v1/namespaces/default/pods', {
    query: { limit: 1 },
  });
  const { body } = await client.open('/api/v1/namespaces/default/pods', {
    query: { watch: true, resourceVersion: metadata.resourceVersion, timeoutSeconds: 600 },
  });
  body.on('data', count).on('error', (error) => {
    console.error(`a watch ended: ${error.message}`);
  });
}

const lines = createInterface(process.stdin)[Symbol.asyncIterator]();
const access = JSON.parse((await lines.next()).value ?? '') as ClusterAccess;
const wanted = Number(process.argv[2]);
for (let opened = 0; opened < wanted; opened += WATCHES_PER_CONNECTION) {
  const client = new RestClient({ access, clock: systemClock, userAgent: 'bench' });
  await Promise.all(Array.from({ length: Math.min(WATCHES_PER_CONNECTION, wanted - opened) }, () => open(client)));
}
console.log('ready');
await lines.next();
console.log(JSON.stringify({ events, latencies: percentilesOf(latencies) }));
process.exit();
