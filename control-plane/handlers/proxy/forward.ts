/** Passes a request on to another HTTP server, over a connection that somebody else opened, and its answer back. */
import { once } from 'node:events';
import http, {
  type IncomingMessage,
  type OutgoingHttpHeaders,
  type RequestOptions,
  type ServerResponse,
} from 'node:http';
import { Http2ServerRequest } from 'node:http2';
import type { Duplex } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { connect as secure, type ConnectionOptions, type TLSSocket } from 'node:tls';
import { unreachable } from '../../../api/errors.ts';
import { isStale, type Kept } from '../../nodes/kept-connections.ts';
import { header, isGone, type Exchange, type Upgrade } from '../../http/exchange.ts';
import { writeBytes } from '../../http/respond.ts';
import { rewriteLinks, rewriteLocation } from './rewrite.ts';

/** Of one connection, not of the request (RFC 9110, 7.6.1); and what the servers on the way have no business with. */
const HOP_BY_HOP = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
]);

export interface Backend {
  /** Opens a connection; the signal ends it. Rejects with a StatusError. */
  connect(signal: AbortSignal): Promise<Duplex>;
  /** For TLS on that connection; plain HTTP when absent. */
  readonly tls?: ConnectionOptions;
  /** What the backend is told as its own name, with the port. */
  readonly host: string;
  /** Connections of earlier requests, for those that can be sent again when such a one turns out to be closed. */
  readonly kept?: Kept;
}

export interface ForwardOptions {
  readonly backend: Backend;
  /** Path and query for the backend. */
  readonly path: string;
  /** Sent besides the client's own headers, in place of those of the same name. */
  readonly headers?: OutgoingHttpHeaders;
  /** What has to stand before the backend's paths so that they lead here: links in its pages are rewritten. */
  readonly prefix?: string;
  /** Which of the client's headers the backend must not see; their names in lower case. */
  readonly withheld?: (header: string) => boolean;
  /** False when the backend may not send the client elsewhere. */
  readonly redirects?: boolean;
}

const FORBIDDEN_REDIRECT = 'the backend attempted to redirect this request, which is not permitted';

/** Throws ServiceUnavailable when the backend can't be reached or does not answer as HTTP has it. */
export async function forward(exchange: Exchange, options: ForwardOptions): Promise<void> {
  const ended = new AbortController();
  const signal = AbortSignal.any([exchange.signal, exchange.stopping, ended.signal]);
  try {
    const { kept } = options.backend;
    if (kept && isRepeatable(exchange)) return await passOverKept(exchange, options, kept, signal);
    const connection = await reaching(() => openBackend(options.backend, signal));
    await pass(exchange, options, { createConnection: () => connection as TLSSocket, signal });
  } finally {
    ended.abort(new Error('the request has ended'));
  }
}

/** Nothing of it is lost when it is sent again. */
function isRepeatable({ info, request, upgrade }: Exchange): boolean {
  if (upgrade || (info.method !== 'GET' && info.method !== 'HEAD')) return false;
  if (request instanceof Http2ServerRequest) return request.stream.endAfterHeaders;
  const { 'content-length': length = '0', 'transfer-encoding': encoding } = request.headers;
  return length === '0' && encoding === undefined;
}

async function passOverKept(
  exchange: Exchange,
  options: ForwardOptions,
  { agent, freshen }: Kept,
  signal: AbortSignal,
): Promise<void> {
  try {
    await pass(exchange, options, { agent, signal });
  } catch (error) {
    if (!(error instanceof StaleConnectionError)) throw error;
    freshen();
    await pass(exchange, options, { agent, signal });
  }
}

/** A connection that had been kept was closed at the other end, which has seen nothing of the request. */
class StaleConnectionError extends Error {}

/** A connection on which HTTP can be spoken. The signal closes it. Rejects when it can't be made. */
export async function openBackend(backend: Backend, signal: AbortSignal): Promise<Duplex> {
  const connection = await backend.connect(signal);
  if (!backend.tls) return connection;
  const socket = secure({ ...backend.tls, socket: connection });
  await once(socket, 'secureConnect', { signal });
  return socket;
}

async function pass(
  exchange: Exchange,
  options: ForwardOptions,
  how: Pick<RequestOptions, 'agent' | 'createConnection' | 'signal'>,
): Promise<void> {
  const { upgrade, request, info } = exchange;
  const headers = headersFor(exchange, options);
  const asked = http.request({ method: info.method, path: options.path, headers, ...how });
  const answer = Promise.withResolvers<IncomingMessage>();
  const switched = Promise.withResolvers<{ answer: IncomingMessage; connection: Duplex; head: Buffer }>();
  asked.on('response', answer.resolve);
  asked.on('upgrade', (reply, socket, head) => switched.resolve({ answer: reply, connection: socket, head }));
  asked.on('error', (error) => {
    answer.reject(isStale(asked, error) ? new StaleConnectionError(error.message, { cause: error }) : error);
  });
  // The client's own end is seen by the signal; what it breaks off here ends the request to the backend.
  if (upgrade || how.agent) asked.end();
  else pipeline(request, asked).catch((error: unknown) => asked.destroy(error as Error));
  const first = await reaching(() =>
    Promise.race([
      answer.promise.then((reply) => ({ reply, tunnel: undefined })),
      switched.promise.then((tunnel) => ({ reply: undefined, tunnel })),
    ]),
  );
  if (first.reply) await sendAnswer(exchange, first.reply, options);
  else if (upgrade) await join(exchange, upgrade, first.tunnel);
  else throw unreachable('the backend switched protocols, which nobody asked for');
}

/** One side that breaks or closes ends the other; there is nobody to tell. */
function closingBoth(side: Duplex, other: Duplex): Promise<void> {
  side.on('error', () => side.destroy());
  return new Promise((resolve) => {
    side.on('close', () => {
      other.end(() => other.destroy());
      resolve();
    });
  });
}

async function reaching<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof StaleConnectionError) throw error;
    const why = (aborted(error) ?? (error as Error)).message;
    throw unreachable(`error trying to reach service: ${why}`);
  }
}

/** What stands behind the error of an aborted signal. */
function aborted(error: unknown): Error | undefined {
  const { name, cause } = error as Error;
  return name === 'AbortError' && cause instanceof Error ? cause : undefined;
}

function headersFor(
  exchange: Exchange,
  { backend, headers = {}, prefix, withheld }: ForwardOptions,
): OutgoingHttpHeaders {
  const { request, upgrade } = exchange;
  const own = new Set(
    header(request, 'connection')
      .toLowerCase()
      .split(',')
      .map((name) => name.trim()),
  );
  const sent: OutgoingHttpHeaders = {};
  for (const [name, value] of Object.entries(request.headers)) {
    const isOurs = name.startsWith(':') || HOP_BY_HOP.has(name) || own.has(name) || withheld?.(name);
    // What proves to us who asks is no concern of the backend.
    if (value !== undefined && !isOurs && name !== 'authorization') sent[name] = value;
  }
  sent['host'] = backend.host;
  // Nothing that has to be unpacked before its links can be rewritten.
  if (prefix !== undefined) delete sent['accept-encoding'];
  if (upgrade) Object.assign(sent, { connection: 'Upgrade', upgrade: header(request, 'upgrade') });
  const from = request.socket.remoteAddress ?? '';
  const before = header(request, 'x-forwarded-for');
  const host = header(request, 'host') || header(request, ':authority');
  Object.assign(sent, {
    'x-forwarded-for': before === '' ? from : `${before}, ${from}`,
    'x-forwarded-host': host,
    'x-forwarded-proto': 'https',
    'x-forwarded-uri': exchange.info.path,
  });
  return { ...sent, ...headers };
}

async function sendAnswer(
  exchange: Exchange,
  answer: IncomingMessage,
  { prefix, path, backend, redirects = true }: ForwardOptions,
): Promise<void> {
  const { response, info } = exchange;
  if (isGone(response)) return;
  if (!redirects && isRedirect(answer)) {
    answer.destroy();
    return writeBytes(exchange, 502, Buffer.from(FORBIDDEN_REDIRECT), 'text/plain; charset=utf-8');
  }
  for (const [name, value] of Object.entries(answer.headers)) {
    if (value === undefined || HOP_BY_HOP.has(name)) continue;
    const isLink = name === 'location' && prefix !== undefined;
    response.setHeader(name, isLink ? rewriteLocation(String(value), { prefix, path, host: backend.host }) : value);
  }
  response.statusCode = answer.statusCode ?? 502;
  exchange.trail?.started();
  const isPage = /^text\/html\b/i.test(answer.headers['content-type'] ?? '') && !answer.headers['content-encoding'];
  const sink = response as ServerResponse;
  if (info.method === 'HEAD') {
    answer.resume();
    sink.end();
  } else if (isPage && prefix !== undefined) {
    response.removeHeader('content-length');
    await pipeline(answer.setEncoding('utf8'), rewriteLinks({ prefix, host: backend.host }), sink);
  } else {
    // Of a watch nothing may follow for long; that it was accepted must be known at once.
    if (answer.headers['content-length'] === undefined) sink.flushHeaders();
    await pipeline(answer, sink);
  }
}

function isRedirect({ statusCode = 0, headers }: IncomingMessage): boolean {
  return statusCode >= 300 && statusCode <= 399 && headers.location !== undefined;
}

/** What both sides say from here on is theirs alone. */
async function join(
  { response, trail }: Exchange,
  upgrade: Upgrade,
  { answer, connection, head }: { answer: IncomingMessage; connection: Duplex; head: Buffer },
): Promise<void> {
  response.statusCode = 101;
  trail?.started();
  const client = upgrade.take();
  const lines = [`HTTP/1.1 101 ${answer.statusMessage || 'Switching Protocols'}`];
  for (let at = 0; at < answer.rawHeaders.length; at += 2) {
    lines.push(`${answer.rawHeaders[at]}: ${answer.rawHeaders[at + 1]}`);
  }
  client.write(`${lines.join('\r\n')}\r\n\r\n`);
  client.write(head);
  connection.write(upgrade.head);
  client.pipe(connection);
  connection.pipe(client);
  await Promise.all([closingBoth(client, connection), closingBoth(connection, client)]);
}
