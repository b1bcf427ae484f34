/** A gRPC stream of frames, as a tunnel. */
import type { Duplex } from 'node:stream';
import type { Tunnel, TunnelFrame } from './port.ts';
import { StatusError } from '../../api/errors.ts';
import type { Frame } from '../../lib/link/proto.ts';

/** The events that tell that a stream has ended for good, on either side of a gRPC call. */
const END_EVENTS = ['close', 'cancelled', 'status'] as const;

export interface StreamTunnelOptions {
  /** Paused, or not read from yet. */
  stream: Duplex;
  /** `ended` in an orderly way, `broken` in another. */
  state: () => 'open' | 'ended' | 'broken';
  close(): void;
}

export class StreamTunnel implements Tunnel {
  readonly frames: AsyncIterable<TunnelFrame>;
  private readonly options: StreamTunnelOptions;

  constructor(options: StreamTunnelOptions) {
    this.options = options;
    this.frames = framesOf(options);
  }

  send(channel: number, data: Buffer): Promise<void> {
    return this.write({ id: '', channel, data, end: false });
  }

  end(channel: number): Promise<void> {
    return this.write({ id: '', channel, data: Buffer.alloc(0), end: true });
  }

  close(): void {
    if (!this.options.stream.destroyed) this.options.close();
  }

  /** Resolves when there is room for more. */
  write(frame: Frame): Promise<void> {
    const { stream, state } = this.options;
    if (stream.destroyed || state() !== 'open') return Promise.reject(brokenConnection());
    if (stream.write(frame)) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const done = (settle: () => void) => (): void => {
        stream.off('drain', drained);
        for (const event of END_EVENTS) stream.off(event, closed);
        settle();
      };
      const drained = done(resolve);
      const closed = done(() => reject(brokenConnection()));
      stream.once('drain', drained);
      for (const event of END_EVENTS) stream.once(event, closed);
    });
  }
}

export function brokenConnection(cause?: unknown): StatusError {
  const fields = { code: 503, reason: 'ServiceUnavailable', message: 'the connection to the node broke' };
  return new StatusError(fields, { cause });
}

async function* framesOf({ stream, state }: StreamTunnelOptions): AsyncIterable<TunnelFrame> {
  try {
    for await (const frame of stream) yield frame as Frame;
  } catch (error) {
    throw brokenConnection(error);
  }
  if (state() === 'broken') throw brokenConnection();
}
