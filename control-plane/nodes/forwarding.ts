/** Tunnels to nodes whose agents are connected to another server: through that server, over one connection to each. */
import type { Duplex } from 'node:stream';
import grpc, { type ClientDuplexStream, type ServerDuplexStream } from '@grpc/grpc-js';
import type { NodeTunnels, Tunnel } from './port.ts';
import { StreamTunnel, brokenConnection } from './stream-tunnel.ts';
import { StatusError, internalError, serviceUnavailable, timeout } from '../../api/errors.ts';
import type { Status } from '../../api/types/meta.v1.ts';
import { CHANNEL, type StreamWanted } from '../../api/streams.ts';
import type { Clock } from '../../lib/clock.ts';
import { AgentsClient, type Frame } from '../../lib/link/proto.ts';
import type { Log } from '../../lib/log.ts';

/** The other server gives up before. */
const OPEN_MILLISECONDS = 12_000;
const EMPTY = Buffer.alloc(0);

type ClientStream = ClientDuplexStream<Frame, Frame>;
type ServerStream = ServerDuplexStream<Frame, Frame>;

export interface ForwardingOptions {
  /** The tunnels to nodes that are connected here. */
  local: NodeTunnels;
  /** `host:port` of the other server that holds the session of the node; undefined when it is here, or nowhere. */
  holderOf(node: string): string | undefined;
  /** PEM texts; read when a server is dialled. */
  credentials(): { ca: string; cert: string; key: string };
  clock: Clock;
  log: Log;
}

export class Forwarding implements NodeTunnels {
  private readonly options: ForwardingOptions;
  private readonly clients = new Map<string, AgentsClient>();

  constructor(options: ForwardingOptions) {
    this.options = options;
  }

  async open(node: string, wanted: StreamWanted, signal: AbortSignal): Promise<Tunnel> {
    const holder = this.options.holderOf(node);
    if (holder === undefined) return this.options.local.open(node, wanted, signal);
    return this.openThrough(this.clientOf(holder).forward(), node, wanted, signal);
  }

  /** Carries a stream for another server. */
  async serve(stream: ServerStream): Promise<void> {
    const { local, log } = this.options;
    const ending = new AbortController();
    for (const event of ['cancelled', 'close', 'error']) stream.on(event, () => ending.abort());
    try {
      const { id: node, data } = await firstFrame(stream);
      const wanted = JSON.parse(data.toString()) as StreamWanted;
      const inner = await openOrRefuse(local, stream, node, wanted, ending.signal);
      if (inner) await this.join(stream, inner);
    } catch (error) {
      log.debug({ err: error }, 'a stream for another server broke');
      if (!stream.cancelled) stream.emit('error', { code: grpc.status.UNAVAILABLE, details: 'the connection broke' });
    } finally {
      ending.abort();
    }
  }

  /** Ends the connections to the other servers. */
  close(): void {
    for (const client of this.clients.values()) client.close();
    this.clients.clear();
  }

  /** Closes the connections to all but these servers. */
  keepOnly(addresses: readonly string[]): void {
    for (const [address, client] of this.clients) {
      if (addresses.includes(address)) continue;
      client.close();
      this.clients.delete(address);
    }
  }

  private clientOf(address: string): AgentsClient {
    const client = this.clients.get(address) ?? new AgentsClient(address, this.options.credentials());
    this.clients.set(address, client);
    return client;
  }

  private async openThrough(
    stream: ClientStream,
    node: string,
    wanted: StreamWanted,
    signal: AbortSignal,
  ): Promise<Tunnel> {
    const tunnel = tunnelOver(stream);
    const late = timeout(`the server that holds the session of node "${node}" did not answer in time`);
    const opening = Promise.withResolvers<never>();
    const timer = this.options.clock.after(OPEN_MILLISECONDS, () => opening.reject(late));
    signal.addEventListener('abort', () => {
      opening.reject(serviceUnavailable('the request was given up'));
      tunnel.close();
    });
    try {
      if (signal.aborted) throw serviceUnavailable('the request was given up');
      stream.write({ id: node, channel: 0, data: Buffer.from(JSON.stringify(wanted)), end: false });
      const { channel, data } = await Promise.race([firstFrame(stream), opening.promise]);
      if (channel === CHANNEL.error) throw errorIn(data);
      return tunnel;
    } catch (error) {
      tunnel.close();
      throw error;
    } finally {
      timer.cancel();
    }
  }

  /** Until the way down has ended. */
  private async join(stream: ServerStream, inner: Tunnel): Promise<void> {
    const outer = new StreamTunnel({
      stream: stream as unknown as Duplex,
      state: () => (stream.cancelled ? 'broken' : 'open'),
      close: () => stream.destroy(),
    });
    await outer.write({ id: '', channel: 0, data: EMPTY, end: false });
    pass(outer, inner).catch((error: unknown) => {
      this.options.log.debug({ err: error }, 'a stream for another server broke on its way up');
      inner.close();
    });
    for await (const frame of inner.frames) await outer.write({ id: '', ...frame });
    stream.end();
  }
}

function tunnelOver(stream: ClientStream): StreamTunnel {
  let state: 'open' | 'ended' | 'broken' = 'open';
  stream.on('error', () => (state = 'broken'));
  stream.on('status', ({ code }: { code: grpc.status }) => (state = code === grpc.status.OK ? 'ended' : 'broken'));
  return new StreamTunnel({ stream: stream as unknown as Duplex, state: () => state, close: () => stream.cancel() });
}

async function pass(outer: Tunnel, inner: Tunnel): Promise<void> {
  for await (const { channel, data, end } of outer.frames) {
    if (data.length > 0) await inner.send(channel, data);
    if (end) await inner.end(channel);
  }
}

async function openOrRefuse(
  local: NodeTunnels,
  stream: ServerStream,
  node: string,
  wanted: StreamWanted,
  signal: AbortSignal,
): Promise<Tunnel | undefined> {
  try {
    return await local.open(node, wanted, signal);
  } catch (error) {
    const status = error instanceof StatusError ? error : internalError(error);
    stream.write({ id: '', channel: CHANNEL.error, data: Buffer.from(JSON.stringify(status.toStatus())), end: true });
    stream.end();
    return undefined;
  }
}

/** Leaves the stream paused. */
function firstFrame(stream: ClientStream | ServerStream): Promise<Frame> {
  return new Promise((resolve, reject) => {
    stream.once('error', (error: Error) => reject(brokenConnection(error)));
    stream.once('end', () => reject(brokenConnection()));
    stream.once('cancelled', () => reject(brokenConnection()));
    stream.once('data', (frame: Frame) => {
      stream.pause();
      resolve(frame);
    });
  });
}

function errorIn(data: Buffer): StatusError {
  const { code = 500, reason = 'InternalError', message = 'unknown', details } = JSON.parse(data.toString()) as Status;
  return new StatusError({ code, reason, message, ...(details ? { details } : {}) });
}
