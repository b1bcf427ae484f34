/** One stream of a session, as a Node stream that may end in one direction and go on in the other. */
import { Duplex } from 'node:stream';
import type { Headers } from './headers.ts';
import { STATUS } from './frames.ts';

/** What a stream needs of its session. */
export interface StreamSession {
  /** Resolves when the connection has room again. Never rejects: see {@link SpdyStream.failure}. */
  sendData(streamId: number, data: Buffer, fin: boolean): Promise<void>;
  sendReset(streamId: number, status: number): void;
  /** Says whether it was sent: most peers are not told. */
  sendWindowUpdate(streamId: number, delta: number): boolean;
  forget(streamId: number): void;
}

export const DEFAULT_WINDOW = 64 << 10;
const LARGEST_DATA_FRAME = 64 << 10;
/** How much has been taken before the peer is told, so that it is not told after each word. */
const LEAST_UPDATE = DEFAULT_WINDOW / 4;

export class SpdyStream extends Duplex {
  readonly id: number;
  /** What the side that opened it said. */
  readonly headers: Headers;
  private readonly session: StreamSession;
  /** How much a peer that does flow control lets us send now. */
  private credit: number;
  private limited: boolean;
  private taken = 0;
  private onCredit: (() => void) | undefined;
  private onRoom: (() => void) | undefined;
  private readonly ended = { here: false, there: false };
  private lost: Error | undefined;

  constructor(options: { id: number; headers: Headers; session: StreamSession; window: number; limited: boolean }) {
    // Twice the window: one that a peer keeps to must never hold up the other streams of the session.
    super({ readableHighWaterMark: 2 * DEFAULT_WINDOW, writableHighWaterMark: LARGEST_DATA_FRAME });
    this.id = options.id;
    this.headers = options.headers;
    this.session = options.session;
    this.credit = options.window;
    this.limited = options.limited;
    // Destroying it with an error must not end a process in which nobody listens; whoever uses it sees `close`.
    this.on('error', () => undefined);
  }

  /**
   * Why it ended early: the peer reset it, or the session broke. What had been received can still be read, then it ends
   * like any other; what is written goes nowhere.
   */
  get failure(): Error | undefined {
    return this.lost;
  }

  // --- for the session ---------------------------------------------------------------------------------------------

  /** Data from the peer. Resolves when it may send more; the session reads nothing before that. */
  async receive(data: Buffer, fin: boolean): Promise<void> {
    if (this.ended.there || this.destroyed) return;
    this.taken += data.length;
    const hasRoom = data.length === 0 || this.push(data);
    if (fin) this.receiveEnd();
    else if (!hasRoom) await new Promise<void>((resolve) => (this.onRoom = resolve));
    else this.giveBack();
  }

  receiveEnd(): void {
    if (this.ended.there) return;
    this.ended.there = true;
    this.push(null);
    this.forgetWhenDone();
  }

  /** The peer reset it, or the connection is gone. */
  lose(error: Error): void {
    this.lost ??= error;
    this.ended.here = true;
    this.onCredit?.();
    this.receiveEnd();
  }

  /** Only peers that do flow control ever call for this. */
  grant(delta: number): void {
    this.credit += delta;
    this.limited = true;
    this.onCredit?.();
  }

  // --- for Duplex --------------------------------------------------------------------------------------------------

  override _read(): void {
    this.onRoom?.();
    this.onRoom = undefined;
  }

  /** Whoever reads comes through here; `_read` is called once for all that is buffered, and too early to know. */
  override read(size?: number): Buffer | null {
    const chunk = super.read(size) as Buffer | null;
    this.giveBack();
    return chunk;
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.sendAll(chunk).then(() => done(), done);
  }

  override _final(done: (error?: Error | null) => void): void {
    if (this.ended.here) return done();
    this.ended.here = true;
    this.session.sendData(this.id, Buffer.alloc(0), true).then(() => done(), done);
    this.forgetWhenDone();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    if (!this.ended.here || !this.ended.there) this.session.sendReset(this.id, STATUS.cancel);
    this.ended.here = true;
    this.ended.there = true;
    this.session.forget(this.id);
    this.onRoom?.();
    this.onCredit?.();
    done(error);
  }

  private async sendAll(chunk: Buffer): Promise<void> {
    for (let at = 0; at < chunk.length && !this.ended.here;) {
      const size = Math.min(chunk.length - at, LARGEST_DATA_FRAME, this.limited ? this.credit : Infinity);
      if (size <= 0) {
        await new Promise<void>((resolve) => (this.onCredit = resolve));
        continue;
      }
      this.credit -= size;
      await this.session.sendData(this.id, chunk.subarray(at, at + size), false);
      at += size;
    }
  }

  /** Tells a peer that does flow control how much has been taken. */
  private giveBack(): void {
    if (this.ended.there || this.taken < LEAST_UPDATE || this.readableLength > DEFAULT_WINDOW / 2) return;
    if (this.session.sendWindowUpdate(this.id, this.taken)) this.taken = 0;
  }

  private forgetWhenDone(): void {
    if (this.ended.here && this.ended.there) this.session.forget(this.id);
  }
}
