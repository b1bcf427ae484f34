/**
 * The web side, on a listener of its own: health, metrics and joining. express enters the project here and nowhere else;
 * it can't serve HTTP/2, which the API's listener speaks.
 */
import { once } from 'node:events';
import https, { type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import express, { type ErrorRequestHandler, type Express, type Request, type RequestHandler } from 'express';
import { badRequest, forbidden, internalError, isStatusError, StatusError, unauthorized } from '../../api/errors.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Component } from '../../lib/component.ts';
import type { JoinAnswer, JoinMessage, ServerJoinAnswer, ServerJoinMessage } from '../../lib/join.ts';
import type { Log } from '../../lib/log.ts';
import type { Metrics } from '../../lib/metrics.ts';
import { authenticate, type Authenticator } from '../auth/authenticator.ts';
import { attributesOf } from '../auth/attributes.ts';
import { authorize, type Authorizer } from '../auth/authorizer.ts';
import { nodeNameOf } from '../user.ts';
import { FailedAttempts } from './attempts.ts';
import type { Health } from './health.ts';
import type { Certificates } from './http.ts';
import { parseRequest } from '../http/request-info.ts';

const BODY_LIMIT = '64kb';
/** Nothing here takes long; what does is broken. */
const REQUEST_MILLISECONDS = 30_000;
/** How long requests under way may take to finish when the server stops. */
const LINGER_MILLISECONDS = 2_000;
/** Agents that are started with a wrong token try again and again; a fleet of them behind one address is no attack. */
const FAILED_JOINS = { burst: 20, intervalMilliseconds: 1000, maxAddresses: 4096 };

export interface JoinOptions {
  readonly tokens: { isValid(token: string): Promise<boolean> };
  /** Whether the node's agent is connected to any server now. */
  readonly isConnected: (nodeName: string) => boolean;
  /** Throws BadRequest for a request that is not this node's. */
  readonly signNode: (request: string, nodeName: string) => Promise<string>;
  /** What the cluster tells its agents, such as where to dial. */
  readonly settings: () => Readonly<Record<string, unknown>>;
  /** How further servers join; they can't when absent. */
  readonly servers?: {
    readonly tokens: { isValid(token: string): Promise<boolean> };
    /** Throws a StatusError. */
    readonly admit: (message: ServerJoinMessage) => Promise<ServerJoinAnswer>;
  };
}

export interface WebListenerOptions {
  readonly host: string;
  /** 0 for any that is free. */
  readonly port: number;
  readonly certificates: Certificates;
  readonly authenticators: readonly Authenticator[];
  readonly authorizers: readonly Authorizer[];
  readonly health: Health;
  readonly metrics: Metrics;
  readonly join: JoinOptions;
  readonly clock: Clock;
  readonly log: Log;
}

export class WebListener implements Component {
  readonly name = 'web listener';
  private readonly options: WebListenerOptions;
  private server: Server | undefined;
  private endRenewal: (() => void) | undefined;
  private readonly attempts: FailedAttempts;

  constructor(options: WebListenerOptions) {
    this.options = options;
    this.attempts = new FailedAttempts({ ...FAILED_JOINS, clock: options.clock });
  }

  get port(): number {
    return (this.server?.address() as AddressInfo | null)?.port ?? 0;
  }

  async start(): Promise<void> {
    const { host, port, certificates } = this.options;
    const context = (pair = certificates.serverKeyPair): { key: string; cert: string; ca: string } => ({
      key: pair.key,
      cert: pair.certificate,
      ca: certificates.authorityCertificate,
    });
    const tls = { ...context(), requestCert: true, rejectUnauthorized: false, requestTimeout: REQUEST_MILLISECONDS };
    // oxlint-disable-next-line typescript/no-misused-promises -- express answers its own requests
    const server = https.createServer(tls, this.application());
    this.server = server;
    server.on('tlsClientError', (error) => this.options.log.debug({ err: error }, 'a TLS handshake failed'));
    this.endRenewal = certificates.onRenewed((pair) => server.setSecureContext(context(pair)));
    server.listen(port, host);
    await once(server, 'listening');
  }

  async stop(): Promise<void> {
    this.endRenewal?.();
    const { server } = this;
    if (!server?.listening) return;
    const closed = once(server, 'close');
    server.close();
    server.closeIdleConnections();
    // Once it closes, node no longer ends those who never finish their request.
    const timer = this.options.clock.after(LINGER_MILLISECONDS, () => server.closeAllConnections());
    await closed;
    timer.cancel();
  }

  private application(): Express {
    const app = express();
    app.disable('x-powered-by');
    for (const path of ['/livez', '/readyz', '/healthz']) app.get([path, `${path}/*check`], this.health());
    app.get('/ca', (_request, response) => {
      response.type('application/x-pem-file').send(this.options.certificates.authorityCertificate);
    });
    app.post('/join', this.limited(), express.json({ limit: BODY_LIMIT }), this.join());
    app.post('/join/server', this.limited(), express.json({ limit: BODY_LIMIT }), this.joinServer());
    app.get('/metrics', this.metrics());
    app.use((_request, response) => {
      response.status(404).json(statusOf(new StatusError({ code: 404, reason: 'NotFound', message: 'not found' })));
    });
    app.use(this.failed());
    return app;
  }

  private health(): RequestHandler {
    return async (request, response) => {
      const { segments, query } = parseRequest(request.method, request.url);
      const { code, text } = await this.options.health.answer(segments, query);
      response.status(code).type('text/plain').send(text);
    };
  }

  private metrics(): RequestHandler {
    return async (request, response) => {
      const { authenticators, authorizers, metrics } = this.options;
      const user = await authenticate(authenticators, request);
      authorize(authorizers, user, attributesOf(parseRequest(request.method, request.url)));
      response.type(metrics.contentType).send(await metrics.text());
    };
  }

  private join(): RequestHandler {
    return async (request, response) => {
      const message = parseJoin(request.body);
      await this.admit(request, message);
      const { signNode, settings } = this.options.join;
      const certificate = await signNode(message.request, message.nodeName);
      this.options.log.info({ node: message.nodeName }, 'issued a certificate to a node');
      response.json({ certificate, settings: settings() } satisfies JoinAnswer);
    };
  }

  /** Who failed to join too often is refused before anything is read or looked up. */
  private limited(): RequestHandler {
    return (request, _response, next) => {
      this.attempts.check(request.socket.remoteAddress ?? '');
      next();
    };
  }

  private joinServer(): RequestHandler {
    return async (request, response) => {
      const { servers } = this.options.join;
      const message = parseServerJoin(request.body);
      if (!(await servers?.tokens.isValid(message.token)) || !servers) throw unauthorized();
      response.json(await servers.admit(message));
      this.options.log.info({ server: message.name }, 'a server joins');
    };
  }

  /**
   * By a token, or by the certificate that the same node has already. Throws Unauthorized or Forbidden, and Conflict when
   * a token asks for the name of a node whose agent is connected: a token makes new nodes, it takes none over.
   */
  private async admit(request: Request, { token, nodeName }: JoinMessage): Promise<void> {
    if (token !== undefined) {
      if (!(await this.options.join.tokens.isValid(token))) throw unauthorized();
      if (this.options.join.isConnected(nodeName)) throw conflictOf(nodeName);
      return;
    }
    const user = await authenticate(this.options.authenticators, request);
    if (nodeNameOf(user) === nodeName) return;
    const why = `User "${user.name}" can't get a certificate for this node`;
    throw forbidden({ group: '', plural: 'nodes', kind: 'Node' }, nodeName, why);
  }

  private failed(): ErrorRequestHandler {
    return (error: unknown, request, response, next) => {
      if (response.headersSent) {
        next(error);
        return;
      }
      const status = asStatusError(error);
      const isRefusal = isStatusError(status, 'Unauthorized') || isStatusError(status, 'Forbidden');
      if (isRefusal && request.path.startsWith('/join')) this.attempts.failed(request.socket.remoteAddress ?? '');
      const wait = status.details?.retryAfterSeconds;
      if (wait !== undefined) response.set('retry-after', String(wait));
      if (status.code === 500) this.options.log.error({ err: error, path: request.path }, 'a request failed');
      else this.options.log.info({ reason: status.message, path: request.path }, 'a request was refused');
      response.status(status.code).json(statusOf(status));
    };
  }
}

function conflictOf(nodeName: string): StatusError {
  const message =
    `node "${nodeName}" has an agent already; a second one of that name can not join with a token: ` +
    'give this host another --node-name, or stop that agent';
  return new StatusError({ code: 409, reason: 'Conflict', message });
}

const PEER_URL = /^https:\/\/[\d.a-f:[\]]+:\d+$/;
const NODE_NAME = /^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/;

function parseJoin(body: unknown): JoinMessage {
  const { nodeName, request, token } = (body ?? {}) as Record<string, unknown>;
  if (typeof nodeName !== 'string' || !NODE_NAME.test(nodeName)) throw badRequest('nodeName must be a DNS subdomain');
  if (typeof request !== 'string') throw badRequest('request must be a certificate request in PEM');
  if (token !== undefined && typeof token !== 'string') throw badRequest('token must be a string');
  return { nodeName, request, ...(token === undefined ? {} : { token }) };
}

function parseServerJoin(body: unknown): ServerJoinMessage {
  const { token, name, peerUrl, settings } = (body ?? {}) as Record<string, unknown>;
  if (typeof token !== 'string') throw badRequest('token must be a string');
  if (typeof name !== 'string' || !NODE_NAME.test(name)) throw badRequest('name must be a DNS subdomain');
  if (typeof settings !== 'object' || settings === null) throw badRequest('settings must be an object');
  const message = { token, name, settings: settings as Record<string, unknown> };
  if (peerUrl === undefined) return message;
  if (typeof peerUrl !== 'string' || !PEER_URL.test(peerUrl))
    throw badRequest('peerUrl must be like https://10.0.0.2:2380');
  return { ...message, peerUrl };
}

function asStatusError(error: unknown): StatusError {
  if (error instanceof StatusError) return error;
  // What express says of a body that it can't read: its own status and words.
  const { status, expose, message, type } = error as Partial<Record<'message' | 'type', string>> & {
    status?: number;
    expose?: boolean;
  };
  // Its words would cite the body, a token perhaps, and they are logged.
  if (type === 'entity.parse.failed') return badRequest('the body of the request is not JSON');
  if (expose === true && status !== undefined && status < 500) {
    return new StatusError({ code: status, reason: 'BadRequest', message: message ?? 'bad request' });
  }
  return internalError(error);
}

function statusOf(error: StatusError): object {
  return error.toStatus();
}
