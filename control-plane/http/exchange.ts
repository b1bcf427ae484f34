/** One request and its answer, as they go through the chain. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2';
import type { Duplex } from 'node:stream';
import type { Status } from '../../api/types/meta.v1.ts';
import type { User } from '../user.ts';
import type { RequestInfo } from './request-info.ts';

export type HttpRequest = IncomingMessage | Http2ServerRequest;
export type HttpResponse = ServerResponse | Http2ServerResponse;

export interface Exchange {
  /** Unique; also the Audit-Id header. */
  readonly id: string;
  readonly request: HttpRequest;
  readonly response: HttpResponse;
  readonly info: RequestInfo;
  /** Set by the authentication layer; undefined for what needs none. */
  user: User | undefined;
  /** Kept for the audit log, where there is one. */
  trail?: Trail;
  /** Aborted when the client has gone, when time is up, and when everything under way has been answered. */
  readonly signal: AbortSignal;
  /** Called by a watch that has sent the state it begins with: from then on it is no work to speak of. */
  begun?: () => void;
  /** Aborts `signal`. */
  abort(reason: Error): void;
  /** Aborted when the server begins to stop: what has no end of its own ends now. */
  readonly stopping: AbortSignal;
  /** The connection of a request that asks for another protocol, taken over by whoever answers it. */
  readonly upgrade: Upgrade | undefined;
}

/** What is noted of a request on its way, for the audit log. */
export interface Trail {
  /** Somebody acts in another's name: who it really is. */
  impersonator: User | undefined;
  /** An answer that lasts has begun. */
  started(): void;
  annotate(key: string, value: string): void;
  /** The body, as it came. */
  request(bytes: Buffer, type: string): void;
  /** A piece of the answer, before it is compressed. */
  response(bytes: Uint8Array, type: string): void;
  /** The answer is this error. */
  fail(status: Status): void;
  /** It is known who asks; nothing has been done yet. Resolves when that is written. */
  received(): Promise<void>;
}

export interface Upgrade {
  readonly request: IncomingMessage;
  readonly head: Buffer;
  /** Frees the connection from HTTP. Nothing can be answered by `response` afterwards. */
  take(): Duplex;
  /** Whether that was done: what goes over the connection is no request any more. */
  readonly taken: boolean;
}

/** Answers an exchange, or throws a StatusError that is then the answer. */
export type Handler = (exchange: Exchange) => Promise<void>;

/** One worry around a handler. */
export type Layer = (next: Handler) => Handler;

/** Nothing that is written reaches anybody any more. A response of HTTP/2 itself does not tell. */
export function isGone(response: HttpResponse): boolean {
  return 'stream' in response ? response.stream === undefined || response.stream.destroyed : response.destroyed;
}

/** The first value of a header, '' when there is none. */
export function header(request: HttpRequest, name: string): string {
  const value = request.headers[name];
  return (Array.isArray(value) ? value[0] : value) ?? '';
}
