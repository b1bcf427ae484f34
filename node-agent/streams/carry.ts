/** The agent's end of a stream as a call on its connection to the server: `Carry` in proto/agent.proto. */
import type { Duplex } from 'node:stream';
import type { Frame } from '../../lib/link/proto.ts';
import type { StreamWanted } from '../../api/streams.ts';
import type { StreamEnd, StreamFrame } from './port.ts';
import type { StreamServer } from './serve.ts';

/** Larger pieces are sent in parts, so that streams on one connection take turns. */
const LARGEST_FRAME = 64 << 10;
const NOTHING = Buffer.alloc(0);

/** `call` is the Carry call just opened; `wanted` is the JSON of the request. Resolves when the stream is over. */
export async function carryStream(call: Duplex, id: string, wanted: Buffer, server: StreamServer): Promise<void> {
  const end = new CallEnd(call);
  await end.write({ id, channel: 0, data: NOTHING, end: false });
  await server.serve(JSON.parse(String(wanted)) as StreamWanted, end);
  call.end();
}

class CallEnd implements StreamEnd {
  readonly frames: AsyncIterable<StreamFrame>;
  readonly signal: AbortSignal;
  private readonly call: Duplex;

  constructor(call: Duplex) {
    const gone = new AbortController();
    this.call = call;
    this.frames = call;
    this.signal = gone.signal;
    call.on('error', (error) => gone.abort(error));
    call.on('close', () => gone.abort());
  }

  async send(channel: number, data: Buffer): Promise<void> {
    for (let at = 0; at === 0 || at < data.length; at += LARGEST_FRAME) {
      await this.write({ id: '', channel, data: data.subarray(at, at + LARGEST_FRAME), end: false });
    }
  }

  end(channel: number): Promise<void> {
    return this.write({ id: '', channel, data: NOTHING, end: true });
  }

  write(frame: Frame): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.signal.aborted) return reject(new Error('the stream is closed'));
      const onGone = (): void => reject(new Error('the stream was closed'));
      this.signal.addEventListener('abort', onGone, { once: true });
      this.call.write(frame, (error?: Error | null) => {
        this.signal.removeEventListener('abort', onGone);
        if (error) reject(error);
        else resolve();
      });
    });
  }
}
