/** One request and its answer, as they go through the chain. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2';
import type { Duplex } from 'node:stream';
import type { AuditTrail } from '../audit/trail.ts';
import type { User } from '../auth/user.ts';
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
  trail?: AuditTrail;
  /** Aborted when the client has gone, when time is up, and when everything under way has been answered. */
  readonly signal: AbortSignal;
  /** Aborts `signal`. */
  abort(reason: Error): void;
  /** Aborted when the server begins to stop: what has no end of its own ends now. */
  readonly stopping: AbortSignal;
  /** The connection of a request that asks for another protocol, taken over by whoever answers it. */
  readonly upgrade: Upgrade | undefined;
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
