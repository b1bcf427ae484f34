/** Connections to what listens on nodes: pods, and the agents themselves. The agent dials; the server needs no route there. */
import { Duplex } from 'node:stream';
import { unreachable } from '../../api/errors.ts';
import type { Status } from '../../api/types/meta.v1.ts';
import { CHANNEL } from '../../api/streams.ts';
import type { NodeTunnels, Tunnel, TunnelFrame } from './port.ts';

export interface NodeAddress {
  readonly node: string;
  /** Of a pod on that node, or the node's own; '' for the web side of its agent. */
  readonly address: string;
  readonly port: number;
}

/**
 * Resolves with a connection once somebody there has accepted it. Rejects with ServiceUnavailable when nobody does.
 * Aborting the signal closes it, opened or not.
 */
export async function dialNode(tunnels: NodeTunnels, target: NodeAddress, signal: AbortSignal): Promise<Duplex> {
  const { node, address, port } = target;
  const tunnel = await tunnels.open(node, { kind: 'dial', address, port }, signal);
  const frames = tunnel.frames[Symbol.asyncIterator]();
  try {
    const first = await frames.next();
    if (first.done) throw unreachable('the connection to the node broke');
    if (first.value.channel === CHANNEL.error) throw unreachable(messageOf(first.value));
    return new TunnelConnection(tunnel, frames);
  } catch (error) {
    tunnel.close();
    throw error;
  }
}

class TunnelConnection extends Duplex {
  private readonly tunnel: Tunnel;
  private readonly incoming: AsyncIterator<TunnelFrame>;

  constructor(tunnel: Tunnel, incoming: AsyncIterator<TunnelFrame>) {
    super({ allowHalfOpen: true });
    this.tunnel = tunnel;
    this.incoming = incoming;
  }

  override _read(): void {
    this.next().then(
      (data) => this.push(data),
      (error: Error) => this.destroy(error),
    );
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.tunnel.send(CHANNEL.stdin, chunk).then(() => done(), done);
  }

  override _final(done: (error?: Error | null) => void): void {
    this.tunnel.end(CHANNEL.stdin).then(() => done(), done);
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.tunnel.close();
    done(error);
  }

  /** null at the end. */
  private async next(): Promise<Buffer | null> {
    for (;;) {
      const { done, value } = await this.incoming.next();
      if (done) return null;
      if (value.channel === CHANNEL.error) {
        if (statusOf(value).status === 'Success') return null;
        throw unreachable(messageOf(value));
      }
      if (value.data.length > 0) return value.data;
      if (value.end) return null;
    }
  }
}

function statusOf({ data }: TunnelFrame): Status {
  return JSON.parse(data.toString()) as Status;
}

function messageOf(frame: TunnelFrame): string {
  return statusOf(frame).message ?? 'unknown';
}
