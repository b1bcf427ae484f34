/** Local ports whose connections are carried to a pod. */
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import type { SpdySession } from '../../lib/spdy/session.ts';
import { CommandError } from '../errors.ts';
import type { Session } from '../session.ts';
import type { PortPair } from './ports.ts';

/** What `localhost` stands for; the second may be missing on a machine. */
const LOCALHOST = ['127.0.0.1', '::1'];

export interface Forwarding {
  readonly spdy: SpdySession;
  readonly session: Session;
}

/** Resolves once it listens. Throws CommandError when none of the addresses can be listened on. */
export async function listenFor(
  { local, remote }: PortPair,
  addresses: readonly string[],
  { spdy, session }: Forwarding,
): Promise<Server[]> {
  const servers: Server[] = [];
  // Pairs of streams are told apart by port and number.
  let requests = 0;
  let port = local;
  for (const address of addresses.flatMap((name) => (name === 'localhost' ? LOCALHOST : [name]))) {
    const server = createServer({ allowHalfOpen: true }, (socket) => {
      session.print(`Handling connection for ${port}`);
      void carry(socket, { port: String(remote), requestid: String(requests++) }, { spdy, session });
    });
    const failure = await listening(server, port, address);
    if (failure) {
      session.warn(`Unable to listen on port ${port}: ${failure.message}`);
      continue;
    }
    ({ port } = server.address() as AddressInfo);
    session.print(`Forwarding from ${address.includes(':') ? `[${address}]` : address}:${port} -> ${remote}`);
    servers.push(server);
  }
  if (servers.length > 0) return servers;
  throw new CommandError(`unable to listen on any of the requested ports: [{${local} ${remote}}]`);
}

function listening(server: Server, port: number, address: string): Promise<Error | undefined> {
  return new Promise((resolve) => {
    server.once('error', resolve);
    server.listen(port, address, () => resolve(undefined));
  });
}

/** One connection. What goes wrong ends it and is said; the others go on. */
async function carry(
  socket: Socket,
  headers: { readonly port: string; readonly requestid: string },
  { spdy, session }: Forwarding,
): Promise<void> {
  const { port } = headers;
  try {
    const errors = spdy.open({ ...headers, streamtype: 'error' });
    errors.end();
    const data = spdy.open({ ...headers, streamtype: 'data' });
    const ways = Promise.allSettled([pipeline(socket, data), pipeline(data, socket)]);
    const complaint = String(await buffer(errors));
    if (complaint !== '') {
      session.warn(`an error occurred forwarding ${port}: ${complaint.trim()}`);
      data.destroy();
      socket.destroy();
    }
    await ways;
  } catch (error) {
    session.warn(`error forwarding port ${port}: ${(error as Error).message}`);
    socket.destroy();
  }
}
