/** HTTP/2 frame by frame (RFC 9113), for what no library lets one send. */
import { once } from 'node:events';
import tls from 'node:tls';

export const TYPE = {
  data: 0,
  headers: 1,
  reset: 3,
  settings: 4,
  ping: 6,
  goAway: 7,
  windowUpdate: 8,
  continuation: 9,
};
export const FLAG = { ack: 1, endStream: 1, endHeaders: 4 };
const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';
const HEAD_BYTES = 9;
const ENHANCE_YOUR_CALM = 11;
const INITIAL_WINDOW = 4;

export function frame(type: number, flags: number, stream: number, payload: Uint8Array = Buffer.alloc(0)): Buffer {
  const head = Buffer.alloc(HEAD_BYTES);
  head.writeUIntBE(payload.length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

/** Fields as literals that nobody remembers (RFC 7541, 6.2.2); names and values are shorter than 127 bytes. */
export function fields(pairs: Readonly<Record<string, string>>): Buffer {
  const text = (value: string): Buffer => Buffer.concat([Buffer.of(value.length), Buffer.from(value)]);
  return Buffer.concat(Object.entries(pairs).flatMap(([name, value]) => [Buffer.of(0), text(name), text(value)]));
}

export function request(method: string, path: string, more: Readonly<Record<string, string>> = {}): Buffer {
  return fields({ ':method': method, ':scheme': 'https', ':path': path, ':authority': 'a', ...more });
}

/** A connection that has said what it has to say. Nothing that comes is answered. */
export class FrameConnection {
  /** How many frames of each type came. */
  readonly seen = new Map<number, number>();
  /** Of the last GOAWAY. */
  goneAway: number | undefined;
  private readonly socket: tls.TLSSocket;
  private readonly over: Promise<unknown>;
  private rest = Buffer.alloc(0);

  private constructor(socket: tls.TLSSocket) {
    this.socket = socket;
    this.over = new Promise((resolve) => socket.once('close', resolve));
    socket.on('data', (chunk: Buffer) => this.take(chunk));
    // What the server makes of it is seen by its end.
    socket.on('error', () => undefined);
  }

  /** `window`: how much of each answer may come. */
  static async open(options: tls.ConnectionOptions, window = 65_535): Promise<FrameConnection> {
    const socket = tls.connect({ ...options, ALPNProtocols: ['h2'] });
    await once(socket, 'secureConnect');
    const setting = Buffer.alloc(6);
    setting.writeUInt16BE(INITIAL_WINDOW, 0);
    setting.writeUInt32BE(window, 2);
    socket.write(PREFACE);
    socket.write(frame(TYPE.settings, 0, 0, setting));
    return new FrameConnection(socket);
  }

  get isOver(): boolean {
    return this.socket.destroyed || this.socket.readableEnded || !this.socket.writable;
  }

  /** Whether the server has thrown it out for what it did. */
  get isRefused(): boolean {
    return this.isOver || this.goneAway === ENHANCE_YOUR_CALM;
  }

  count(type: number): number {
    return this.seen.get(type) ?? 0;
  }

  /** Resolves when it has been taken by the network, or the connection is over. */
  async write(...frames: Buffer[]): Promise<void> {
    if (this.isOver) return;
    await Promise.race([this.over, new Promise((resolve) => this.socket.write(Buffer.concat(frames), resolve))]);
  }

  /** Nothing more is read. */
  deafen(): void {
    this.socket.pause();
  }

  async closed(): Promise<void> {
    await this.over;
  }

  destroy(): void {
    this.socket.destroy();
  }

  private take(chunk: Buffer): void {
    this.rest = Buffer.concat([this.rest, chunk]);
    while (this.rest.length >= HEAD_BYTES) {
      const end = HEAD_BYTES + this.rest.readUIntBE(0, 3);
      if (this.rest.length < end) return;
      const type = this.rest.readUInt8(3);
      this.seen.set(type, this.count(type) + 1);
      if (type === TYPE.goAway) this.goneAway = this.rest.readUInt32BE(HEAD_BYTES + 4);
      this.rest = this.rest.subarray(end);
    }
  }
}
