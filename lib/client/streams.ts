/** Streams to a container over one WebSocket: `v5.channel.k8s.io`, in which each message starts with its channel. */
import { WebSocket, type RawData } from 'ws';
import type { IncomingMessage } from 'node:http';
import type { ClusterAccess } from './cluster.ts';
import { readAll } from './connection.ts';
import { ConnectionError, errorOf, type FailureStatus } from './errors.ts';
import { identityHeaders } from './identity.ts';

export const PROTOCOL = 'v5.channel.k8s.io';
const CHANNEL = { stdin: 0, stdout: 1, stderr: 2, error: 3, resize: 4, close: 255 } as const;
const ERROR_LIMIT_BYTES = 1024 * 1024;
const HANDSHAKE_MILLISECONDS = 30_000;
/** Above this much unsent input the input is not read on. */
const HIGH_WATER_BYTES = 1024 * 1024;
const NORMAL = 1000;

export interface StreamsOptions {
  readonly access: ClusterAccess;
  /** With its query. */
  readonly path: string;
  readonly userAgent: string;
  readonly onOutput: (channel: 'stdout' | 'stderr', data: Buffer) => void;
}

/** How it ended: what the server's last word was. */
export type StreamEnd = FailureStatus & { readonly status?: 'Success' | 'Failure' };

export class ContainerStreams {
  private readonly socket: WebSocket;
  private readonly ended = Promise.withResolvers<StreamEnd>();
  private lastWord: StreamEnd | undefined;

  private constructor(socket: WebSocket, onOutput: StreamsOptions['onOutput']) {
    this.socket = socket;
    socket.on('message', (data: RawData) => this.take(data as Buffer, onOutput));
    socket.on('close', (code) => this.finish(code));
    socket.on('error', (error) => this.ended.reject(new ConnectionError(error.message, { cause: error })));
    // Whoever opened it may be gone before it ends.
    this.ended.promise.catch(() => undefined);
  }

  /** Rejects with ApiError when the server refuses, ConnectionError when there is no answer. */
  static async open({ access, path, userAgent, onOutput }: StreamsOptions): Promise<ContainerStreams> {
    const { server, authority, serverName, insecureSkipVerify, client } = access;
    const base = server.replace(/^http/, 'ws').replace(/\/$/, '');
    const socket = new WebSocket(base + path, PROTOCOL, {
      ...(authority === undefined ? {} : { ca: authority }),
      ...(serverName === undefined ? {} : { servername: serverName }),
      ...(client ? { cert: client.certificate, key: client.key } : {}),
      rejectUnauthorized: insecureSkipVerify !== true,
      headers: { 'user-agent': userAgent, ...identityHeaders(access) },
      handshakeTimeout: HANDSHAKE_MILLISECONDS,
      perMessageDeflate: false,
    });
    const streams = new ContainerStreams(socket, onOutput);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    socket.once('open', () => resolve());
    socket.once('error', (error) => reject(new ConnectionError(error.message, { cause: error })));
    socket.once('unexpected-response', (_request, response: IncomingMessage) => {
      readAll(response, ERROR_LIMIT_BYTES).then((body) => reject(errorOf(response.statusCode ?? 0, body)), reject);
    });
    await promise;
    return streams;
  }

  /** What the server said last. Rejects with ConnectionError when the connection broke before that. */
  get end(): Promise<StreamEnd> {
    return this.ended.promise;
  }

  /** Input. Resolves when there is room for more. */
  write(data: Uint8Array): Promise<void> {
    return this.send(CHANNEL.stdin, data);
  }

  closeInput(): Promise<void> {
    return this.send(CHANNEL.close, Buffer.of(CHANNEL.stdin));
  }

  resize(columns: number, rows: number): Promise<void> {
    return this.send(CHANNEL.resize, Buffer.from(JSON.stringify({ Width: columns, Height: rows })));
  }

  /** No more output is taken from the connection until {@link resume}. */
  pause(): void {
    this.socket.pause();
  }

  resume(): void {
    this.socket.resume();
  }

  close(): void {
    this.socket.resume();
    this.socket.close(NORMAL);
  }

  private send(channel: number, data: Uint8Array): Promise<void> {
    if (this.socket.readyState !== WebSocket.OPEN) return Promise.resolve();
    return new Promise((resolve) => {
      // A failed write ends the connection, which is where it is told.
      this.socket.send(Buffer.concat([Buffer.of(channel), data]), () => resolve());
      if (this.socket.bufferedAmount < HIGH_WATER_BYTES) resolve();
    });
  }

  private take(message: Buffer, onOutput: StreamsOptions['onOutput']): void {
    const [channel] = message;
    const data = message.subarray(1);
    if (channel === CHANNEL.stdout || channel === CHANNEL.stderr) {
      if (data.length > 0) onOutput(channel === CHANNEL.stdout ? 'stdout' : 'stderr', data);
    } else if (channel === CHANNEL.error) this.lastWord = endOf(data);
  }

  private finish(code: number): void {
    if (this.lastWord) this.ended.resolve(this.lastWord);
    else if (code === NORMAL) this.ended.resolve({ status: 'Success' });
    else this.ended.reject(new ConnectionError(`the connection was closed (${code})`));
  }
}

function endOf(data: Buffer): StreamEnd {
  try {
    return JSON.parse(data.toString()) as StreamEnd;
  } catch {
    // No Status: what it says is all there is.
    return { status: 'Failure', message: data.toString() };
  }
}
