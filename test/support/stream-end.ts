/** A server's side of a stream, for tests of what the agent serves: gives frames, keeps what comes. */
import { CHANNEL } from '../../api/streams.ts';
import type { Status } from '../../api/types/meta.v1.ts';
import type { StreamEnd, StreamFrame } from '../../node-agent/streams/port.ts';
import type { Dialing } from '../../node-agent/streams/dial.ts';

export class FakeStreamEnd implements StreamEnd {
  readonly received: StreamFrame[] = [];
  readonly frames: AsyncIterable<StreamFrame>;
  private readonly abortion = new AbortController();
  private readonly waiting: StreamFrame[] = [];
  private closed = false;
  private wake: () => void = () => undefined;
  private onReceived: () => void = () => undefined;

  constructor() {
    this.frames = this.give();
  }

  get signal(): AbortSignal {
    return this.abortion.signal;
  }

  send(channel: number, data: Buffer): Promise<void> {
    // The sender may use its memory again once this has resolved.
    this.received.push({ channel, data: Buffer.from(data), end: false });
    this.onReceived();
    return Promise.resolve();
  }

  end(channel: number): Promise<void> {
    this.received.push({ channel, data: Buffer.alloc(0), end: true });
    this.onReceived();
    return Promise.resolve();
  }

  /** What the server sends down. */
  input(channel: number, text: string | Buffer, end = false): void {
    this.waiting.push({ channel, data: Buffer.from(text), end });
    this.wake();
  }

  /** The server ends the stream in an orderly way. */
  finish(): void {
    this.closed = true;
    this.wake();
  }

  /** The server is gone. */
  abort(): void {
    this.finish();
    this.abortion.abort();
  }

  bytes(channel: number): Buffer {
    return Buffer.concat(this.received.filter((frame) => frame.channel === channel).map((frame) => frame.data));
  }

  text(channel: number): string {
    return this.bytes(channel).toString();
  }

  /** What came on the error channel. */
  get status(): Status {
    return JSON.parse(this.text(CHANNEL.error)) as Status;
  }

  /** Resolves when the text of a channel contains `text`. The test's own time limit bounds the wait. */
  async until(channel: number, text: string): Promise<void> {
    while (!this.text(channel).includes(text)) await new Promise<void>((resolve) => (this.onReceived = resolve));
  }

  private async *give(): AsyncGenerator<StreamFrame> {
    for (;;) {
      const frame = this.waiting.shift();
      if (frame) yield frame;
      else if (this.closed) return;
      else await new Promise<void>((resolve) => (this.wake = resolve));
    }
  }
}

/** For a stream server that is asked for no connections. */
export const NO_DIALING: Dialing = { own: () => [], web: { host: '127.0.0.1', port: 1 } };
