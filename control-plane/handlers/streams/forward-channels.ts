/**
 * Port-forward over plain WebSocket, as older clients have it: the ports stand in the request, each has one connection.
 * Channel 2n carries the bytes of port n and channel 2n+1 what went wrong; both begin with the port in two bytes, low first.
 */
import type { RawData, WebSocket } from 'ws';
import { badRequest } from '../../../api/errors.ts';
import type { Status } from '../../../api/types/meta.v1.ts';
import { CHANNEL } from '../../../api/streams.ts';
import type { Tunnel } from '../../nodes/port.ts';
import type { PortDialer } from './forward-session.ts';

export const PORT_PROTOCOLS = ['v4.channel.k8s.io', 'v4.base64.channel.k8s.io'];
const MAX_PORTS = 100;
const DIGIT_ZERO = 0x30;
const NORMAL_CLOSURE = 1000;
/** Reading from the client pauses while a port has this much unsent. */
const HIGH_WATER_BYTES = 1024 * 1024;

/** `ports=80,81&ports=82`. Throws BadRequest. */
export function channelPorts(query: URLSearchParams): number[] {
  const texts = query.getAll('ports').flatMap((value) => value.split(','));
  if (texts.length === 0) throw badRequest('query parameter "ports" is required');
  if (texts.length > MAX_PORTS) throw badRequest(`at most ${MAX_PORTS} ports can be forwarded by one request`);
  return texts.map((text) => {
    const port = Number(text);
    if (!/^\d{1,5}$/.test(text) || port < 1 || port > 65_535) throw badRequest(`invalid port ${JSON.stringify(text)}`);
    return port;
  });
}

export interface ForwardChannelsOptions {
  readonly dial: PortDialer;
  readonly pod: string;
  readonly signal: AbortSignal;
}

/** Resolves when all connections are over, or the client has gone. */
export async function forwardChannels(
  socket: WebSocket,
  ports: readonly number[],
  options: ForwardChannelsOptions,
): Promise<void> {
  const closed = new Promise<void>((resolve) => socket.on('close', () => resolve()));
  socket.on('error', () => undefined);
  const { signal } = options;
  const onAbort = (): void => socket.terminate();
  signal.addEventListener('abort', onAbort, { once: true });
  const channels = new PortChannels(socket, ports);
  const all = ports.map((port, at) => channels.connect(at, port, options));
  await Promise.race([Promise.all(all), closed]);
  signal.removeEventListener('abort', onAbort);
  if (socket.readyState === socket.OPEN) socket.close(NORMAL_CLOSURE);
  await closed;
}

class PortChannels {
  private readonly socket: WebSocket;
  private readonly isText: boolean;
  private readonly tunnels: Promise<Tunnel>[] = [];
  private readonly upward: Promise<void>[];
  private readonly gone = new AbortController();
  private unsent = 0;

  constructor(socket: WebSocket, ports: readonly number[]) {
    this.socket = socket;
    this.isText = socket.protocol.includes('base64');
    this.upward = ports.map(() => Promise.resolve());
    socket.on('message', (data) => this.take(data));
    socket.on('close', () => this.gone.abort(new Error('the client has gone')));
  }

  /** Never rejects: what goes wrong is said on the port's error channel. */
  async connect(at: number, port: number, { dial, pod }: ForwardChannelsOptions): Promise<void> {
    // Before anything is waited for: what the client sends meanwhile waits for it.
    const opening = dial(port, this.gone.signal);
    this.tunnels[at] = opening;
    // It is waited for below, where its failure is told.
    opening.catch(() => undefined);
    const head = Buffer.of(port & 0xff, port >> 8);
    try {
      await Promise.all([this.send(2 * at, head), this.send(2 * at + 1, head)]);
      const tunnel = await opening;
      for await (const { channel, data } of tunnel.frames) {
        if (channel === CHANNEL.error) throwFailure(data);
        else if (data.length > 0) await this.send(2 * at, data);
      }
    } catch (error) {
      await this.send(
        2 * at + 1,
        Buffer.from(`error forwarding port ${port} to pod ${pod}: ${(error as Error).message}`),
      );
    }
  }

  private take(data: RawData): void {
    const message = Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data as Buffer);
    const [first] = message;
    if (first === undefined) return;
    const channel = this.isText ? first - DIGIT_ZERO : first;
    const at = channel / 2;
    const body = this.isText ? Buffer.from(message.toString('latin1', 1), 'base64') : message.subarray(1);
    const before = this.upward[at];
    if (!before || body.length === 0) return;
    this.unsent += body.length;
    if (this.unsent > HIGH_WATER_BYTES) this.socket.pause();
    this.upward[at] = before.then(() => this.forward(at, body));
  }

  private async forward(at: number, body: Buffer): Promise<void> {
    try {
      await (await this.tunnels[at])?.send(CHANNEL.stdin, body);
    } catch {
      // The connection is over; the way down tells why.
    }
    this.unsent -= body.length;
    if (this.socket.isPaused && this.unsent <= HIGH_WATER_BYTES) this.socket.resume();
  }

  private send(channel: number, data: Buffer): Promise<void> {
    const { socket } = this;
    if (socket.readyState !== socket.OPEN) return Promise.resolve();
    const message = this.isText
      ? String.fromCharCode(DIGIT_ZERO + channel) + data.toString('base64')
      : Buffer.concat([Buffer.of(channel), data]);
    return new Promise((resolve) => socket.send(message, () => resolve()));
  }
}

function throwFailure(data: Buffer): void {
  const { status, message = 'unknown' } = JSON.parse(data.toString()) as Status;
  if (status !== 'Success') throw new Error(message);
}
