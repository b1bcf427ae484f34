/** A connection to something that listens on this node, for the server's proxies and webhooks. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { CHANNEL } from '../../api/streams.ts';
import type { StreamWanted } from '../../api/streams.ts';
import type { PodLookup, StreamEnd } from './port.ts';
import { SUCCESS, notFound } from './status.ts';

const CONNECT_MILLISECONDS = 10_000;

export interface Dialing {
  /** The node's own addresses: pods on the host's network have no others. */
  readonly own: () => readonly string[];
  /** Where the agent itself serves metrics and health. */
  readonly web: { readonly host: string; readonly port: number };
}

/**
 * Resolves when the other side has closed. Rejects when the address is not held here, so that what has moved meanwhile is
 * not taken for something else, and when nobody listens.
 */
export async function serveDial(
  { address, port }: Extract<StreamWanted, { kind: 'dial' }>,
  pods: Pick<PodLookup, 'holds'>,
  { own, web }: Dialing,
  end: StreamEnd,
): Promise<void> {
  const isHere = address === '' || pods.holds(address) || own().includes(address);
  if (!isHere) throw notFound(`no pod of this node has the address ${address}`);
  const socket = connect({
    ...(address === '' ? web : { host: address, port }),
    allowHalfOpen: true,
    signal: end.signal,
  });
  try {
    await connected(socket);
    // An empty piece says that somebody listens.
    await end.send(CHANNEL.stdout, Buffer.alloc(0));
    feed(end, socket).catch(() => socket.destroy());
    for await (const chunk of socket) await end.send(CHANNEL.stdout, chunk as Buffer);
    await end.end(CHANNEL.stdout);
    await end.send(CHANNEL.error, SUCCESS);
  } finally {
    socket.destroy();
  }
}

async function connected(socket: Socket): Promise<void> {
  socket.setTimeout(CONNECT_MILLISECONDS, () => socket.destroy(new Error('nobody answers')));
  await once(socket, 'connect');
  socket.setTimeout(0);
  socket.setNoDelay(true);
}

async function feed(end: StreamEnd, socket: Socket): Promise<void> {
  for await (const { channel, data, end: last } of end.frames) {
    if (channel !== CHANNEL.stdin) continue;
    if (data.length > 0 && !socket.write(data)) await once(socket, 'drain');
    if (last) socket.end();
  }
  socket.end();
}
