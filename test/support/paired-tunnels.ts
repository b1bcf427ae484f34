/** Tunnels whose other end is served in the same process, as an agent serves it. */
import { Readable } from 'node:stream';
import type { StreamWanted } from '../../api/streams.ts';
import type { NodeTunnels, Tunnel, TunnelFrame } from '../../control-plane/nodes/port.ts';
import type { StreamEnd } from '../../node-agent/streams/port.ts';

type Serve = (wanted: StreamWanted, end: StreamEnd, node: string) => Promise<void>;

export function pairedTunnels(serve: Serve): NodeTunnels {
  return {
    open(node, wanted, signal) {
      const gone = new AbortController();
      const up = new Way();
      const down = new Way();
      const close = (): void => {
        gone.abort();
        up.close();
        down.close();
      };
      signal.addEventListener('abort', close);
      const end: StreamEnd = {
        frames: up.frames,
        signal: gone.signal,
        send: (channel, data) => down.send({ channel, data, end: false }),
        end: (channel) => down.send({ channel, data: Buffer.alloc(0), end: true }),
      };
      void serve(wanted, end, node).finally(() => down.close());
      const tunnel: Tunnel = {
        frames: down.frames,
        send: (channel, data) => up.send({ channel, data, end: false }),
        end: (channel) => up.send({ channel, data: Buffer.alloc(0), end: true }),
        close,
      };
      return Promise.resolve(tunnel);
    },
  };
}

class Way {
  readonly frames: Readable;
  private room = Promise.withResolvers<void>();

  constructor() {
    this.frames = new Readable({ objectMode: true, highWaterMark: 4, read: () => this.room.resolve() });
  }

  async send(frame: TunnelFrame): Promise<void> {
    if (this.frames.readableEnded || this.frames.destroyed) throw new Error('the stream is closed');
    if (this.frames.push(frame)) return;
    this.room = Promise.withResolvers();
    await this.room.promise;
  }

  close(): void {
    if (!this.frames.readableEnded && !this.frames.destroyed) this.frames.push(null);
    this.room.resolve();
  }
}
