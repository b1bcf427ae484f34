/** Asking the name servers of the node. */
import { randomInt } from 'node:crypto';
import dgram from 'node:dgram';
import { connect, isIPv6 } from 'node:net';
import type { Clock } from '../../lib/clock.ts';
import { HEADER_BYTES, MAX_UDP_BYTES, TYPE } from './wire.ts';

export interface Upstream {
  /**
   * Asks about `question` (name, type and class in wire form) and resolves to a whole message that answers it. Rejects
   * with {@link UpstreamError} when no server does in time.
   */
  ask(question: Buffer): Promise<Buffer>;
  stop(): void;
}

export class UpstreamError extends Error {
  override readonly name = 'UpstreamError';
}

export interface UpstreamServer {
  address: string;
  port: number;
}

export interface DnsUpstreamOptions {
  servers: readonly UpstreamServer[];
  clock: Clock;
  /** How long one server is waited for. */
  timeoutMilliseconds?: number;
}

const ROUNDS = 2;
/** Each with a port of its own, so that an answer is hard to forge. */
const SOCKETS_PER_SERVER = 4;
const MAX_PENDING_PER_SOCKET = 1000;

interface ServerSockets {
  server: UpstreamServer;
  sockets: (UpstreamSocket | undefined)[];
}

export class DnsUpstream implements Upstream {
  private readonly clock: Clock;
  private readonly timeout: number;
  private readonly servers: ServerSockets[];

  constructor({ servers, clock, timeoutMilliseconds }: DnsUpstreamOptions) {
    this.clock = clock;
    this.timeout = timeoutMilliseconds ?? 1500;
    this.servers = servers.map((server) => ({ server, sockets: [] }));
  }

  async ask(question: Buffer): Promise<Buffer> {
    const failures: unknown[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      for (const each of this.servers) {
        try {
          const answer = await this.socketOf(each).ask(question);
          return isTruncated(answer) ? await askByTcp(each.server, question, this.timeout * 2) : answer;
        } catch (error) {
          failures.push(error);
        }
      }
    }
    const message = this.servers.length === 0 ? 'this node knows no name server' : 'no name server answered';
    throw new UpstreamError(message, { cause: new AggregateError(failures) });
  }

  stop(): void {
    for (const { sockets } of this.servers) for (const socket of sockets.splice(0)) socket?.close();
  }

  private socketOf({ server, sockets }: ServerSockets): UpstreamSocket {
    const index = randomInt(SOCKETS_PER_SERVER);
    const found = sockets[index];
    if (found && !found.closed) return found;
    const created = new UpstreamSocket(server, this.clock, this.timeout);
    sockets[index] = created;
    return created;
  }
}

interface Pending {
  question: Buffer;
  resolve: (answer: Buffer) => void;
  reject: (error: Error) => void;
}

class UpstreamSocket {
  closed = false;
  private readonly pending = new Map<number, Pending>();
  private readonly socket: dgram.Socket;
  private readonly connected: Promise<void>;
  private readonly clock: Clock;
  private readonly timeout: number;

  constructor({ address, port }: UpstreamServer, clock: Clock, timeout: number) {
    this.clock = clock;
    this.timeout = timeout;
    this.socket = dgram.createSocket(isIPv6(address) ? 'udp6' : 'udp4');
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.connected = promise;
    promise.catch(() => undefined); // Whoever asks sees it.
    this.socket.on('message', (message) => this.receive(message));
    this.socket.on('error', (error) => {
      reject(error);
      this.fail(error);
      this.close();
    });
    this.socket.connect(port, address, () => {
      this.socket.unref();
      resolve();
    });
  }

  async ask(question: Buffer): Promise<Buffer> {
    await this.connected;
    if (this.pending.size >= MAX_PENDING_PER_SOCKET) throw new UpstreamError('too many questions wait for an answer');
    const id = this.freeId();
    const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
    this.pending.set(id, { question, resolve, reject });
    const timer = this.clock.after(this.timeout, () => reject(new UpstreamError('no answer in time')));
    try {
      this.socket.send(requestOf(id, question));
      return await promise;
    } finally {
      timer.cancel();
      this.pending.delete(id);
    }
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.fail(new UpstreamError('stopped'));
    this.socket.close();
  }

  private freeId(): number {
    for (;;) {
      const id = randomInt(0x10000);
      if (!this.pending.has(id)) return id;
    }
  }

  private receive(message: Buffer): void {
    if (message.length < HEADER_BYTES) return;
    const waiting = this.pending.get(message.readUInt16BE(0));
    if (waiting && answers(message, waiting.question)) waiting.resolve(message);
  }

  /** A refused port is reported on the socket, not for one question. */
  private fail(error: Error): void {
    for (const { reject } of this.pending.values()) reject(error);
  }
}

function requestOf(id: number, question: Buffer): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt16BE(id, 0);
  header.writeUInt16BE(0x0100, 2);
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(1, 10);
  const opt = Buffer.alloc(11);
  opt.writeUInt16BE(TYPE.OPT, 1);
  opt.writeUInt16BE(MAX_UDP_BYTES, 3);
  return Buffer.concat([header, question, opt]);
}

/** Whether a message is a response to just this question, however it is spelled. */
function answers(message: Buffer, question: Buffer): boolean {
  if ((message.readUInt16BE(2) & 0x8000) === 0 || message.readUInt16BE(4) !== 1) return false;
  const asked = message.subarray(HEADER_BYTES, HEADER_BYTES + question.length);
  return asked.toString('latin1').toLowerCase() === question.toString('latin1').toLowerCase();
}

function isTruncated(message: Buffer): boolean {
  return (message.readUInt16BE(2) & 0x0200) !== 0;
}

function askByTcp({ address, port }: UpstreamServer, question: Buffer, timeout: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const request = requestOf(randomInt(0x10000), question);
    const socket = connect({ host: address, port, timeout });
    const parts: Buffer[] = [];
    const fail = (message: string): void => {
      socket.destroy();
      reject(new UpstreamError(message));
    };
    socket.on('connect', () => {
      const length = Buffer.alloc(2);
      length.writeUInt16BE(request.length);
      socket.write(Buffer.concat([length, request]));
    });
    socket.on('timeout', () => fail('no answer in time'));
    socket.on('error', (error) => fail(error.message));
    socket.on('close', () => fail('closed without an answer'));
    socket.on('data', (data) => {
      parts.push(data);
      const all = Buffer.concat(parts);
      const length = all.length < 2 ? Infinity : all.readUInt16BE(0);
      if (all.length < 2 + length) return;
      const message = all.subarray(2, 2 + length);
      if (length < HEADER_BYTES || !answers(message, question)) return fail('the answer was to something else');
      resolve(message);
      socket.destroy();
    });
  });
}
