/** Port-forward over a SPDY session: for each connection the client opens a stream for its bytes and one for what goes wrong. */
import { StatusError } from '../../../api/errors.ts';
import type { Status } from '../../../api/types/meta.v1.ts';
import { CHANNEL } from '../../../api/streams.ts';
import type { Clock, Timer } from '../../../lib/clock.ts';
import type { SpdySession } from '../../../lib/spdy/session.ts';
import type { SpdyStream } from '../../../lib/spdy/stream.ts';
import type { Tunnel } from '../../nodes/port.ts';
import { write } from './spdy.ts';

/** How long the second stream of a pair may take. */
const PAIR_MILLISECONDS = 30_000;

/** Opens a connection to a port of the pod, until the signal is aborted. */
export type PortDialer = (port: number, end: AbortSignal) => Promise<Tunnel>;

interface Pair {
  data?: SpdyStream;
  error?: SpdyStream;
  readonly late: Timer;
}

export interface ForwardSessionOptions {
  readonly dial: PortDialer;
  /** `namespace/name`, for messages. */
  readonly pod: string;
  readonly signal: AbortSignal;
  readonly clock: Clock;
}

export class ForwardSession {
  private readonly options: ForwardSessionOptions;
  private readonly pairs = new Map<string, Pair>();

  constructor(options: ForwardSessionOptions) {
    this.options = options;
  }

  /** Resolves when the session has ended. */
  async run(session: SpdySession): Promise<void> {
    const close = (): void => session.close();
    const { signal } = this.options;
    signal.addEventListener('abort', close, { once: true });
    if (signal.aborted) close();
    await session.closed;
    signal.removeEventListener('abort', close);
    for (const { late } of this.pairs.values()) late.cancel();
    this.pairs.clear();
  }

  /** A stream that the client opened. One that belongs to nothing is reset. */
  take(stream: SpdyStream): void {
    const { streamtype: type, port = '' } = stream.headers;
    const number = Number(port);
    const isPort = /^\d{1,5}$/.test(port) && number >= 1 && number <= 65_535;
    if (!isPort || (type !== 'data' && type !== 'error')) {
      stream.destroy();
      return;
    }
    const id = requestId(stream, type);
    const pair = this.pairs.get(id) ?? this.newPair(id);
    if (pair[type]) {
      stream.destroy();
      return;
    }
    pair[type] = stream;
    if (!pair.data || !pair.error) return;
    pair.late.cancel();
    this.pairs.delete(id);
    void this.connect(number, pair.data, pair.error);
  }

  private newPair(id: string): Pair {
    const late = this.options.clock.after(PAIR_MILLISECONDS, () => {
      const pair = this.pairs.get(id);
      this.pairs.delete(id);
      pair?.data?.destroy();
      pair?.error?.destroy();
    });
    const pair: Pair = { late };
    this.pairs.set(id, pair);
    return pair;
  }

  /** Never rejects: what goes wrong is said on the error stream. */
  private async connect(port: number, data: SpdyStream, errors: SpdyStream): Promise<void> {
    const gone = new AbortController();
    data.on('close', () => gone.abort(new Error('the client closed the connection')));
    try {
      const tunnel = await this.options.dial(port, gone.signal);
      try {
        await join(data, tunnel);
      } finally {
        tunnel.close();
      }
    } catch (error) {
      const why = error instanceof StatusError ? error.message : String(error);
      await write(errors, Buffer.from(`error forwarding port ${port} to pod ${this.options.pod}: ${why}`));
    }
    errors.end();
    data.end();
    // Nobody reads what the client still sends; it has to be taken from the session all the same.
    data.resume();
    errors.resume();
  }
}

/** A client that does not name its requests opens the error stream first, and the data stream right after it. */
function requestId({ headers, id }: SpdyStream, type: 'data' | 'error'): string {
  return headers['requestid'] ?? `stream ${type === 'error' ? id : id - 2}`;
}

/** Resolves when the pod has closed; throws when it could not be reached. */
async function join(data: SpdyStream, tunnel: Tunnel): Promise<void> {
  up(data, tunnel).catch(() => tunnel.close());
  for await (const frame of tunnel.frames) {
    if (frame.channel === CHANNEL.error) {
      const { status, message = 'unknown' } = JSON.parse(frame.data.toString()) as Status;
      if (status !== 'Success') throw new Error(message);
    } else if (frame.data.length > 0) await write(data, frame.data);
    else if (frame.end) data.end();
  }
}

async function up(data: SpdyStream, tunnel: Tunnel): Promise<void> {
  for await (const chunk of data.iterator({ destroyOnReturn: false })) {
    await tunnel.send(CHANNEL.stdin, chunk as Buffer);
  }
  await tunnel.end(CHANNEL.stdin);
}
