/**
 * The API's listener: HTTP/2 and HTTP/1.1 on one port. Clients multiplex their watches over HTTP/2; upgrades to WebSocket
 * go over HTTP/1.1. A client certificate is asked for, never required: who shows none may prove otherwise who he is.
 */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { ServerResponse, type IncomingMessage } from 'node:http';
import http2, { type Http2SecureServer, type ServerHttp2Session } from 'node:http2';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import type { StatusError } from '../../api/errors.ts';
import type { KeyPair } from '../../lib/certificates.ts';
import type { Clock } from '../../lib/clock.ts';
import { sleep } from '../../lib/clock.ts';
import type { Component } from '../../lib/component.ts';
import type { Log } from '../../lib/log.ts';
import type { Handler, HttpRequest, HttpResponse, Upgrade } from '../http/exchange.ts';
import { parseRequest, type RequestInfo } from '../http/request-info.ts';
import { writeError } from '../http/respond.ts';

/** How long requests under way may take to finish when the server stops. */
const DRAIN_MILLISECONDS = 20_000;
/** How long connections may take to close after that. */
const LINGER_MILLISECONDS = 1_000;
/**
 * Node's default of 10 MB fails lists that are asked for together on one connection, and its default for streams that the
 * client resets (1,000 at once, 33 a second) throws out informers that end their watches. Nobody ends all the watches that a
 * connection can have several times a second, other than to make the server work for nothing.
 */
const SESSION_MEGABYTES = 1000;
const STREAM_RESETS = { streamResetBurst: 5_000, streamResetRate: 200 };
const MAX_STREAMS = 1000;
const HANDSHAKE_MILLISECONDS = 10_000;

/** One for all: making an error for every request costs more than the rest of ending it. */
const ENDED = Object.freeze(new Error('the exchange has ended'));

export interface Certificates {
  readonly authorityCertificate: string;
  readonly serverKeyPair: KeyPair;
  onRenewed(listener: (server: KeyPair) => void): () => void;
}

export interface ApiListenerOptions {
  readonly host: string;
  /** 0 for any that is free. */
  readonly port: number;
  readonly certificates: Certificates;
  readonly handler: Handler;
  readonly clock: Clock;
  readonly log: Log;
}

export class ApiListener implements Component {
  readonly name = 'api listener';
  private readonly options: ApiListenerOptions;
  private readonly stopping = new AbortController();
  private readonly sockets = new Set<TLSSocket>();
  private readonly sessions = new Set<ServerHttp2Session>();
  private readonly underWay = new Set<Promise<void>>();
  private server: Http2SecureServer | undefined;
  private endRenewal: (() => void) | undefined;

  constructor(options: ApiListenerOptions) {
    this.options = options;
  }

  /** The port that is listened on. */
  get port(): number {
    return (this.server?.address() as AddressInfo | null)?.port ?? 0;
  }

  async start(): Promise<void> {
    const { host, port, certificates } = this.options;
    const server = http2.createSecureServer({
      ...this.secureContext(certificates.serverKeyPair),
      allowHTTP1: true,
      requestCert: true,
      rejectUnauthorized: false,
      handshakeTimeout: HANDSHAKE_MILLISECONDS,
      maxSessionMemory: SESSION_MEGABYTES,
      settings: { maxConcurrentStreams: MAX_STREAMS },
      ...STREAM_RESETS,
    });
    this.server = server;
    server.on('secureConnection', (socket) => this.track(this.sockets, socket));
    server.on('session', (session) => this.track(this.sessions, session));
    server.on('request', (request, response) => this.accept(request, response, undefined));
    server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) =>
      this.upgrade(request, socket, head),
    );
    this.endRenewal = certificates.onRenewed((pair) => server.setSecureContext(this.secureContext(pair)));
    server.listen(port, host);
    await once(server, 'listening');
  }

  /** Takes no more, lets watches end and the rest finish, then closes what is left. */
  async stop(): Promise<void> {
    this.endRenewal?.();
    const closed = this.server?.listening ? once(this.server, 'close') : undefined;
    this.server?.close();
    this.stopping.abort(new Error('the server is stopping'));
    for (const session of this.sessions) session.close();
    await this.bounded(DRAIN_MILLISECONDS, () => this.underWay);
    // Over HTTP/2 the session ends its socket itself, once everything is out.
    for (const socket of this.sockets) if (socket.alpnProtocol !== 'h2') socket.end();
    await this.bounded(LINGER_MILLISECONDS, () => [...this.sockets].map((socket) => once(socket, 'close')));
    for (const socket of this.sockets) socket.destroy();
    await closed;
  }

  /** Waits until `pending` gives nothing more to wait for, or time is up. */
  private async bounded(milliseconds: number, pending: () => Iterable<Promise<unknown>>): Promise<void> {
    const finished = new AbortController();
    const late = sleep(this.options.clock, milliseconds, finished.signal).then(
      () => 'late' as const,
      // Everything finished before.
      () => 'late' as const,
    );
    for (let waiting = [...pending()]; waiting.length > 0; waiting = [...pending()]) {
      if ((await Promise.race([Promise.allSettled(waiting), late])) !== 'late') continue;
      this.options.log.warn({ waiting: waiting.length }, 'not everything ended in time');
      break;
    }
    finished.abort();
  }

  private secureContext(pair: KeyPair): { key: string; cert: string; ca: string; minVersion: 'TLSv1.2' } {
    const { authorityCertificate } = this.options.certificates;
    return { key: pair.key, cert: pair.certificate, ca: authorityCertificate, minVersion: 'TLSv1.2' };
  }

  private track<T extends TLSSocket | ServerHttp2Session>(set: Set<T>, member: T): void {
    set.add(member);
    member.on('close', () => set.delete(member));
    // A connection that breaks ends its requests, and they say so; there is nothing more to do.
    member.on('error', () => {});
  }

  /** Until its connection is taken over, an upgrade is answered like any request. */
  private upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const response = new ServerResponse(request);
    response.shouldKeepAlive = false;
    response.assignSocket(socket as TLSSocket);
    response.on('finish', () => socket.end());
    let taken = false;
    const take = (): Duplex => {
      taken = true;
      response.detachSocket(socket as TLSSocket);
      return socket;
    };
    const upgrade: Upgrade = {
      request,
      head,
      take,
      get taken() {
        return taken;
      },
    };
    this.accept(request, response, upgrade);
  }

  private accept(request: HttpRequest, response: HttpResponse, upgrade: Upgrade | undefined): void {
    // Errors of the connection arrive as the end of the exchange.
    request.on('error', () => {});
    response.on('error', () => {});
    const work = this.carry(request, response, upgrade).catch((error: unknown) => {
      this.options.log.error({ err: error }, 'an answer could not be given');
      response.destroy();
    });
    this.underWay.add(work);
    void work.finally(() => this.underWay.delete(work));
  }

  private async carry(request: HttpRequest, response: HttpResponse, upgrade: Upgrade | undefined): Promise<void> {
    const ended = new AbortController();
    response.on('close', () => ended.abort(ENDED));
    if (this.stopping.signal.aborted && request.httpVersionMajor === 1) response.setHeader('connection', 'close');
    const exchange = {
      id: randomUUID(),
      request,
      response,
      user: undefined,
      signal: ended.signal,
      abort: (reason: Error) => ended.abort(reason),
      stopping: this.stopping.signal,
      upgrade,
    };
    let info: RequestInfo;
    try {
      info = parseRequest(request.method ?? '', request.url ?? '');
    } catch (error) {
      // The chain goes by what a request is about; for this one nobody can tell.
      await writeError({ ...exchange, info: parseRequest('GET', '/') }, error as StatusError);
      return;
    }
    await this.options.handler({ ...exchange, info });
    // An answer is under way until its last byte has left.
    if (!upgrade && !ended.signal.aborted) await once(ended.signal, 'abort');
  }
}
