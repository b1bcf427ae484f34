/** HTTP/2 to one API server: one connection for all requests, opened when needed, given up when it is dead. */
import http2, { type ClientHttp2Session, type ClientHttp2Stream, type IncomingHttpHeaders } from 'node:http2';
import { createGunzip } from 'node:zlib';
import type { Readable } from 'node:stream';
import type { Clock, Timer } from '../clock.ts';
import type { ClusterAccess } from './cluster.ts';
import { readBody } from '../body.ts';
import { ConnectionError } from './errors.ts';
import { identityHeaders } from './identity.ts';

const CONNECT_MILLISECONDS = 10_000;
/** A connection on which a ping stays unanswered for this long is dead: watches on it would wait for ever. */
const PING_INTERVAL_MILLISECONDS = 15_000;
const PING_DEADLINE_MILLISECONDS = 10_000;
/** Flow control is per stream; the window of the connection must not be what large lists wait for. */
const WINDOW_BYTES = 16 * 1024 * 1024;

export interface Request {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer;
  /** Aborting it ends the request, also while its body is read. */
  readonly signal?: AbortSignal;
}

export interface Response {
  readonly code: number;
  readonly headers: IncomingHttpHeaders;
  /** Uncompressed. To be read to its end or destroyed. */
  readonly body: Readable;
}

export class Connection {
  private readonly access: ClusterAccess;
  private readonly clock: Clock;
  private readonly base: string;
  private session: ClientHttp2Session | undefined;
  private opening: Promise<ClientHttp2Session> | undefined;
  private underWay = 0;
  private isClosed = false;

  constructor(options: { readonly access: ClusterAccess; readonly clock: Clock }) {
    this.access = options.access;
    this.clock = options.clock;
    this.base = new URL(options.access.server).pathname.replace(/\/$/, '');
  }

  /** Resolves once the answer's head is there. Rejects with ConnectionError, or the signal's reason. */
  async request(request: Request): Promise<Response> {
    request.signal?.throwIfAborted();
    const session = await this.connected();
    return new Promise((resolve, reject) => {
      const stream = this.send(session, request);
      const fail = (error: Error): void => {
        const reason: unknown = request.signal?.aborted ? request.signal.reason : undefined;
        reject(reason instanceof Error ? reason : new ConnectionError(error.message, { cause: error }));
      };
      const onClose = (): void => fail(new Error('the connection was closed before the answer'));
      // Who reads the body is told by reading; without a listener an error that nobody reads would end the process.
      stream.on('error', () => {});
      stream.once('error', fail);
      stream.once('close', onClose);
      stream.once('response', (headers) => {
        // From here on errors belong to who reads the body.
        stream.off('error', fail).off('close', onClose);
        resolve({ code: Number(headers[':status']), headers, body: bodyOf(stream, headers) });
      });
    });
  }

  /** Ends what is under way. */
  close(): void {
    this.isClosed = true;
    this.session?.destroy();
    this.session = undefined;
  }

  private send(session: ClientHttp2Session, { method, path, headers, body, signal }: Request): ClientHttp2Stream {
    const stream = session.request(
      {
        ':method': method,
        ':path': this.base + path,
        'accept-encoding': 'gzip',
        ...identityHeaders(this.access),
        ...headers,
      },
      { endStream: body === undefined, ...(signal ? { signal } : {}) },
    );
    if (body !== undefined) stream.end(body);
    this.hold(session, stream);
    return stream;
  }

  /** A connection on which something is under way keeps the process alive; an idle one does not. */
  private hold(session: ClientHttp2Session, stream: ClientHttp2Stream): void {
    this.underWay += 1;
    session.ref();
    stream.once('close', () => {
      this.underWay -= 1;
      if (this.underWay === 0 && !session.destroyed) session.unref();
    });
  }

  private connected(): Promise<ClientHttp2Session> {
    if (this.isClosed) return Promise.reject(new ConnectionError('the client is closed'));
    const { session } = this;
    if (session && !session.destroyed && !session.closed) return Promise.resolve(session);
    this.opening ??= this.open().finally(() => (this.opening = undefined));
    return this.opening;
  }

  private open(): Promise<ClientHttp2Session> {
    const { server, authority, serverName, insecureSkipVerify, client } = this.access;
    const { promise, resolve, reject } = Promise.withResolvers<ClientHttp2Session>();
    const session = http2.connect(server, {
      ...(authority === undefined ? {} : { ca: authority }),
      ...(serverName === undefined ? {} : { servername: serverName }),
      ...(client ? { cert: client.certificate, key: client.key } : {}),
      rejectUnauthorized: insecureSkipVerify !== true,
      settings: { initialWindowSize: WINDOW_BYTES, enablePush: false },
    });
    const refuse = (why: string, cause?: Error): void =>
      reject(new ConnectionError(`can't connect to ${server}: ${why}`, { cause }));
    const deadline = this.clock.after(CONNECT_MILLISECONDS, () => {
      refuse('no answer in time');
      session.destroy();
    });
    session.on('error', (error) => refuse(error.message, error));
    session.on('close', () => {
      deadline.cancel();
      refuse('the connection was closed');
    });
    session.once('connect', () => {
      deadline.cancel();
      session.setLocalWindowSize(WINDOW_BYTES);
      this.session = session;
      this.watchOver(session);
      resolve(session);
    });
    return promise;
  }

  /** Asks now and then whether the other side is still there. */
  private watchOver(session: ClientHttp2Session): void {
    let timer: Timer;
    const ask = (): void => {
      timer = this.clock.after(PING_DEADLINE_MILLISECONDS, () => session.destroy(new Error('the server is silent')));
      session.ping(() => {
        timer.cancel();
        if (!session.destroyed) timer = this.clock.after(PING_INTERVAL_MILLISECONDS, ask);
      });
    };
    timer = this.clock.after(PING_INTERVAL_MILLISECONDS, ask);
    session.once('close', () => timer.cancel());
    if (this.underWay === 0) session.unref();
  }
}

function bodyOf(stream: ClientHttp2Stream, headers: IncomingHttpHeaders): Readable {
  if (headers['content-encoding'] !== 'gzip') return stream;
  const plain = createGunzip();
  stream.on('error', (error) => plain.destroy(error));
  plain.on('error', () => {});
  plain.on('close', () => stream.destroy());
  return stream.pipe(plain);
}

/** All of a body. Rejects with ConnectionError when it breaks off, and when it is longer than `limit` bytes. */
export async function readAll(body: Readable, limit: number): Promise<Buffer> {
  try {
    return await readBody(body, limit);
  } catch (error) {
    throw new ConnectionError((error as Error).message, { cause: error });
  }
}
