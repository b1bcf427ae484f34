/** Streams to agents for logs, exec and the like: asked for down the session, opened by the agent, joined here by their id. */
import { randomUUID } from 'node:crypto';
import type { Duplex } from 'node:stream';
import type { ServerDuplexStream } from '@grpc/grpc-js';
import type { NodeTunnels, Tunnel } from './port.ts';
import { StreamTunnel } from './stream-tunnel.ts';
import { serviceUnavailable, timeout } from '../../api/errors.ts';
import type { StreamWanted } from '../../api/streams.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Frame, ServerMessage } from '../../lib/link/proto.ts';

type Stream = ServerDuplexStream<Frame, Frame>;

const OPEN_MILLISECONDS = 10_000;
/** Streams that were asked for and not opened yet; each ends after {@link OPEN_MILLISECONDS}. */
const MAX_WAITING = 10_000;

interface Waiting {
  node: string;
  opened(tunnel: Tunnel): void;
}

export interface TunnelsOptions {
  clock: Clock;
  /** Sends down the session of that node; false when it has none here. */
  send(node: string, message: ServerMessage): boolean;
}

export class Tunnels implements NodeTunnels {
  private readonly options: TunnelsOptions;
  private readonly waiting = new Map<string, Waiting>();
  /** How many streams each node has open here. */
  private readonly opened = new Map<string, number>();

  constructor(options: TunnelsOptions) {
    this.options = options;
  }

  open(node: string, wanted: StreamWanted, signal: AbortSignal): Promise<Tunnel> {
    if (this.waiting.size >= MAX_WAITING) throw serviceUnavailable('too many streams to nodes are being opened');
    const id = randomUUID();
    const { promise, resolve, reject } = Promise.withResolvers<Tunnel>();
    const finish = (): void => {
      timer.cancel();
      this.waiting.delete(id);
    };
    const timer = this.options.clock.after(OPEN_MILLISECONDS, () => {
      finish();
      reject(timeout(`the agent of node "${node}" did not open the stream in time`));
    });
    signal.addEventListener('abort', () => {
      finish();
      reject(serviceUnavailable('the request was given up'));
    });
    this.waiting.set(id, {
      node,
      opened: (tunnel) => {
        finish();
        signal.addEventListener('abort', () => tunnel.close());
        if (signal.aborted) tunnel.close();
        resolve(tunnel);
      },
    });
    if (!this.options.send(node, { stream: { id, wanted: Buffer.from(JSON.stringify(wanted)) } })) {
      finish();
      reject(serviceUnavailable(`node "${node}" is not connected to this server`));
    }
    return promise;
  }

  /** Whether somebody is connected to the node through here. */
  isUsed(node: string): boolean {
    return this.opened.has(node) || [...this.waiting.values()].some((waiting) => waiting.node === node);
  }

  /** An agent opened a stream; its first frame names which. One that nobody waits for is ended. */
  accept(node: string, stream: Stream): void {
    // A stream that breaks is seen by whoever reads from it.
    stream.on('error', () => undefined);
    this.count(node, 1);
    let isOpen = true;
    const ended = (): void => {
      if (isOpen) this.count(node, -1);
      isOpen = false;
    };
    // Whichever comes first: a stream that was cancelled need not close.
    for (const event of ['close', 'cancelled']) stream.once(event, ended);
    stream.once('data', (first: Frame) => {
      stream.pause();
      const waiting = this.waiting.get(first.id);
      if (waiting?.node === node) waiting.opened(tunnelOver(stream));
      else stream.end();
    });
  }

  private count(node: string, step: 1 | -1): void {
    const now = (this.opened.get(node) ?? 0) + step;
    if (now > 0) this.opened.set(node, now);
    else this.opened.delete(node);
  }
}

function tunnelOver(stream: Stream): Tunnel {
  const close = (): void => {
    stream.end();
    stream.destroy();
  };
  return new StreamTunnel({
    stream: stream as unknown as Duplex,
    state: () => (stream.cancelled ? 'broken' : 'open'),
    close,
  });
}
