/**
 * Channels over WebSocket, as Kubernetes' remote command protocols have them: the first byte of a message is its channel.
 * v5 is v4 with an end of a single channel; before v4 what went wrong is told as plain text, and that all went well not at
 * all. In the base64 forms messages are text: a digit, then base64.
 */
import { Readable } from 'node:stream';
import type { RawData, WebSocket } from 'ws';
import type { Status } from '../../../api/types/meta.v1.ts';
import { CHANNEL } from '../../../api/streams.ts';
import type { Clock } from '../../../lib/clock.ts';
import type { TunnelFrame } from '../../nodes/port.ts';
import type { StreamClient } from './client.ts';

/** In the order of preference. */
export const CHANNEL_PROTOCOLS = [
  'v5.channel.k8s.io',
  'v4.channel.k8s.io',
  'v4.base64.channel.k8s.io',
  'v3.channel.k8s.io',
  'v2.channel.k8s.io',
  'channel.k8s.io',
  'base64.channel.k8s.io',
];
/**
 * In v5: the first byte of a message with which the client ends the channel that the second byte names. Servers send
 * none: the end of the connection ends what they write.
 */
const CLOSE_CHANNEL = 255;
const DIGIT_ZERO = 0x30;
/** Reading from the client pauses while this many messages wait, writing to it while this many bytes do. */
const HIGH_WATER_MESSAGES = 64;
const HIGH_WATER_BYTES = 1024 * 1024;
const PING_MILLISECONDS = 30_000;
/** 1000: an orderly end. */
const NORMAL_CLOSURE = 1000;

export class WebSocketClient implements StreamClient {
  readonly frames: Readable;
  readonly closed: Promise<void>;
  private readonly socket: WebSocket;
  private readonly isText: boolean;
  private readonly hasStatus: boolean;
  private isClosing = false;

  /** `socket` is open and speaks one of {@link CHANNEL_PROTOCOLS}. */
  constructor({ socket, clock }: { socket: WebSocket; clock: Clock }) {
    this.socket = socket;
    this.isText = socket.protocol.includes('base64');
    this.hasStatus = socket.protocol.startsWith('v4') || socket.protocol.startsWith('v5');
    this.frames = new Readable({
      objectMode: true,
      highWaterMark: HIGH_WATER_MESSAGES,
      read: () => socket.resume(),
    });
    const gone = Promise.withResolvers<void>();
    this.closed = gone.promise;
    socket.on('message', (data, isBinary) => this.take(data, isBinary));
    // A socket that fails closes as well.
    socket.on('error', () => undefined);
    const ping = keepAlive(socket, clock);
    socket.on('close', () => {
      ping.end();
      if (!this.frames.destroyed) this.frames.push(null);
      gone.resolve();
    });
  }

  send(channel: number, data: Buffer): Promise<void> {
    const { socket } = this;
    if (socket.readyState !== socket.OPEN) return Promise.resolve();
    const message = this.isText
      ? String.fromCharCode(DIGIT_ZERO + channel) + data.toString('base64')
      : Buffer.concat([Buffer.of(channel), data]);
    return new Promise((resolve) => {
      const isRoomy = socket.bufferedAmount < HIGH_WATER_BYTES;
      // An error of the socket is seen by its close event.
      socket.send(message, () => resolve());
      if (isRoomy) resolve();
    });
  }

  end(): Promise<void> {
    return Promise.resolve();
  }

  async finish(status: Status): Promise<void> {
    if (this.hasStatus) await this.send(CHANNEL.error, Buffer.from(JSON.stringify(status)));
    else if (status.status !== 'Success') await this.send(CHANNEL.error, Buffer.from(status.message ?? ''));
  }

  /** The closing handshake waits for the client, which `ws` bounds. */
  close(): Promise<void> {
    if (this.socket.readyState === this.socket.OPEN) this.socket.close(NORMAL_CLOSURE);
    // The client's answer comes behind everything else that it sent.
    this.isClosing = true;
    this.socket.resume();
    return this.closed;
  }

  destroy(): void {
    this.socket.terminate();
  }

  private take(data: RawData, isBinary: boolean): void {
    const frame = this.parse(Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data as Buffer), isBinary);
    if (!frame || this.isClosing || this.frames.destroyed) return;
    if (!this.frames.push(frame)) this.socket.pause();
  }

  private parse(message: Buffer, isBinary: boolean): TunnelFrame | undefined {
    const [first] = message;
    if (first === undefined || isBinary === this.isText) return undefined;
    const body = message.subarray(1);
    if (this.isText) {
      return { channel: first - DIGIT_ZERO, data: Buffer.from(body.toString('latin1'), 'base64'), end: false };
    }
    if (first !== CLOSE_CHANNEL) return { channel: first, data: body, end: false };
    return body[0] === undefined ? undefined : { channel: body[0], data: Buffer.alloc(0), end: true };
  }
}

/** Something moves now and then, so that nobody on the way takes the connection for dead. */
function keepAlive(socket: WebSocket, clock: Clock): { end(): void } {
  const beat = (): void => {
    if (socket.readyState === socket.OPEN) socket.ping();
    timer = clock.after(PING_MILLISECONDS, beat);
  };
  let timer = clock.after(PING_MILLISECONDS, beat);
  return { end: () => timer.cancel() };
}
