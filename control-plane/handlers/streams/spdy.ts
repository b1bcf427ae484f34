/** SPDY/3.1, as kubectl spoke it before WebSocket and falls back to: exec and attach with a stream for each channel. */
import { badRequest, forbidden, timeout } from '../../../api/errors.ts';
import type { Status } from '../../../api/types/meta.v1.ts';
import { CHANNEL } from '../../../api/streams.ts';
import type { Clock } from '../../../lib/clock.ts';
import { SpdySession, type SpdySessionOptions } from '../../../lib/spdy/session.ts';
import type { SpdyStream } from '../../../lib/spdy/stream.ts';
import type { TunnelFrame } from '../../nodes/port.ts';
import { header } from '../../http/exchange.ts';
import type { ResourceExchange } from '../port.ts';
import type { StreamClient } from './client.ts';
import { merge } from './merge.ts';

/** In the order of preference. Before v4 what went wrong is told as plain text; before v3 a terminal has one size. */
const COMMAND_PROTOCOLS = ['v4.channel.k8s.io', 'v3.channel.k8s.io', 'v2.channel.k8s.io', 'channel.k8s.io'];
const VERSION_HEADER = 'x-stream-protocol-version';
/** How long a client may take to open the streams that it asked for. */
const OPEN_MILLISECONDS = 30_000;
/** How long a client that was told everything may take to close the connection. */
const CLOSE_MILLISECONDS = 5000;

type StreamType = 'stdin' | 'stdout' | 'stderr' | 'error' | 'resize';

export function isSpdy({ request }: ResourceExchange): boolean {
  return header(request, 'upgrade').toLowerCase() === 'spdy/3.1';
}

/** The first of `protocols` that the client offers; the last one when it offers none. Throws Forbidden when none fits. */
export function negotiateSpdy({ request, resource, target }: ResourceExchange, protocols: readonly string[]): string {
  const offered = header(request, VERSION_HEADER)
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
  const protocol = offered.length === 0 ? protocols.at(-1) : protocols.find((name) => offered.includes(name));
  if (protocol !== undefined) return protocol;
  const why = `unable to negotiate protocol: client supports [${offered.join(' ')}], server supports [${protocols.join(' ')}]`;
  throw forbidden(resource.kind, target.name, why);
}

/** Takes the connection over. `onStream` is called later, never before this returns. */
export function acceptSpdy(
  { upgrade }: ResourceExchange,
  protocol: string,
  onStream: NonNullable<SpdySessionOptions['onStream']>,
): SpdySession {
  if (!upgrade) throw badRequest('Upgrade request required');
  const connection = upgrade.take();
  const lines = ['HTTP/1.1 101 Switching Protocols', 'Upgrade: SPDY/3.1', 'Connection: Upgrade'];
  connection.write(`${[...lines, `X-Stream-Protocol-Version: ${protocol}`].join('\r\n')}\r\n\r\n`);
  return new SpdySession({ connection, role: 'server', head: upgrade.head, onStream });
}

export interface CommandStreams {
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
  readonly tty: boolean;
}

/** Resolves once the client has opened all of its streams; rejects with Timeout when it does not. */
export async function acceptCommand(
  exchange: ResourceExchange,
  wanted: CommandStreams,
  clock: Clock,
): Promise<StreamClient> {
  const protocol = negotiateSpdy(exchange, COMMAND_PROTOCOLS);
  const missing = typesOf(wanted, protocol);
  const streams = new Map<string, SpdyStream>();
  const complete = Promise.withResolvers<void>();
  const session = acceptSpdy(exchange, protocol, (stream) => {
    const type = stream.headers['streamtype'] as StreamType;
    if (!missing.delete(type)) {
      stream.destroy();
      return;
    }
    streams.set(type, stream);
    if (missing.size === 0) complete.resolve();
  });
  const late = clock.after(OPEN_MILLISECONDS, () => {
    complete.reject(timeout('timed out waiting for client to create streams'));
  });
  void session.closed.then(() => complete.reject(timeout('the client went before it had opened its streams')));
  try {
    await complete.promise;
  } catch (error) {
    session.close();
    throw error;
  } finally {
    late.cancel();
  }
  return new SpdyClient({ session, streams, hasStatus: protocol.startsWith('v4'), clock });
}

function typesOf({ stdin, stdout, stderr, tty }: CommandStreams, protocol: string): Set<StreamType> {
  const types = new Set<StreamType>(['error']);
  if (stdin) types.add('stdin');
  if (stdout) types.add('stdout');
  if (stderr) types.add('stderr');
  if (tty && /^v[34]/.test(protocol)) types.add('resize');
  return types;
}

class SpdyClient implements StreamClient {
  readonly frames: AsyncIterable<TunnelFrame>;
  readonly closed: Promise<void>;
  private readonly session: SpdySession;
  private readonly streams: ReadonlyMap<string, SpdyStream>;
  private readonly hasStatus: boolean;
  private readonly clock: Clock;

  constructor(options: {
    session: SpdySession;
    streams: ReadonlyMap<string, SpdyStream>;
    hasStatus: boolean;
    clock: Clock;
  }) {
    this.session = options.session;
    this.streams = options.streams;
    this.hasStatus = options.hasStatus;
    this.clock = options.clock;
    this.closed = this.session.closed.then(() => undefined);
    const inputs = (['stdin', 'resize'] as const).flatMap((type) => {
      const stream = this.streams.get(type);
      return stream ? [framesOf(stream, CHANNEL[type])] : [];
    });
    this.frames = merge(inputs);
  }

  send(channel: number, data: Buffer): Promise<void> {
    return write(this.streamOf(channel), data);
  }

  end(channel: number): Promise<void> {
    this.streamOf(channel)?.end();
    return Promise.resolve();
  }

  async finish(status: Status): Promise<void> {
    const errors = this.streams.get('error');
    if (this.hasStatus) await write(errors, Buffer.from(JSON.stringify(status)));
    else if (status.status !== 'Success') await write(errors, Buffer.from(status.message ?? ''));
  }

  /** The client closes when it has read everything. Closing first could make its kernel drop what it has not read yet. */
  async close(): Promise<void> {
    for (const type of ['stdout', 'stderr', 'error']) this.streams.get(type)?.end();
    const late = this.clock.after(CLOSE_MILLISECONDS, () => this.session.close());
    await this.closed;
    late.cancel();
  }

  destroy(): void {
    this.session.close();
  }

  private streamOf(channel: number): SpdyStream | undefined {
    return this.streams.get(channel === CHANNEL.stdout ? 'stdout' : 'stderr');
  }
}

async function* framesOf(stream: SpdyStream, channel: number): AsyncIterable<TunnelFrame> {
  for await (const chunk of stream.iterator({ destroyOnReturn: false })) {
    yield { channel, data: chunk as Buffer, end: false };
  }
  yield { channel, data: Buffer.alloc(0), end: true };
}

/** Resolves when the stream has taken it, or is gone. */
export function write(stream: SpdyStream | undefined, data: Buffer): Promise<void> {
  if (!stream || stream.destroyed || stream.writableEnded) return Promise.resolve();
  return new Promise((resolve) => stream.write(data, () => resolve()));
}
