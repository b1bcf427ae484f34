/**
 * Calls webhooks: of admission, and of the conversion of custom resources. A webhook is named by a URL or by a service;
 * a service is reached at one of its ready endpoints, and its certificate must be for `name.namespace.svc`. Connections are
 * kept for the next call. A URL may lead anywhere but to this machine itself and its own link: what listens there trusts
 * who comes from there, and that is the server, not whoever wrote the webhook.
 */
import { type Agent, type IncomingMessage, request as httpRequest } from 'node:http';
import type { Duplex } from 'node:stream';
import { connect as tlsConnect } from 'node:tls';
import { type Kind, kinds } from '../../api/kinds.ts';
import type { KubeObject } from '../../api/object.ts';
import type { WebhookClientConfig } from '../../api/types/admissionregistration.v1.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Component } from '../../lib/component.ts';
import type { View } from '../../lib/view.ts';
import { isStale, KeptConnections } from '../nodes/kept-connections.ts';
import { type Dialer, type DialTarget, NodeDialer } from '../nodes/dialer.ts';
import type { NodeTunnels } from '../nodes/port.ts';
import { ServiceEndpoints } from '../nodes/service-endpoints.ts';
import { WebhookCallError } from './errors.ts';

/** Of an answer. */
const MAX_BYTES = 8 * 1024 * 1024;
const HTTPS_PORT = 443;

export interface WebhookClientParts {
  tunnels: NodeTunnels;
  viewOf: <T extends KubeObject>(kind: Kind<T>) => View<T>;
  /** From 0 up to 1. */
  random: () => number;
  clock: Clock;
  /** URLs may lead to this machine; for tests, whose webhooks listen there. */
  allowSpecial?: boolean;
}

/** The client of a server. */
export function webhookClient(parts: WebhookClientParts): WebhookClient {
  const { tunnels, viewOf, random, clock, allowSpecial = false } = parts;
  const services = viewOf(kinds.services);
  const endpoints = new ServiceEndpoints({ services, endpointSlices: viewOf(kinds.endpointslices), random });
  return new WebhookClient({ dialer: new NodeDialer({ tunnels }), endpoints, clock, guarded: !allowSpecial });
}

export interface WebhookClientOptions {
  dialer: Dialer;
  endpoints: ServiceEndpoints;
  clock: Clock;
  /** URLs don't lead to this machine, nor to its own link. */
  guarded: boolean;
}

interface Place {
  /** `https://host:port/path?timeout=10s`, as messages name it. */
  readonly url: URL;
  readonly service: { readonly namespace: string; readonly name: string; readonly port: number } | undefined;
  /** What the certificate is for. */
  readonly serverName: string;
  readonly ca: string | undefined;
}

export class WebhookClient implements Component {
  readonly name = 'webhook client';
  private readonly options: WebhookClientOptions;
  private readonly connections: KeptConnections;

  constructor(options: WebhookClientOptions) {
    this.options = options;
    this.connections = new KeptConnections(options);
  }

  /** POSTs JSON and returns the JSON of the answer. Rejects with a WebhookCallError that says what happened. */
  async call(config: WebhookClientConfig, body: unknown, timeoutSeconds: number): Promise<unknown> {
    const place = placeOf(config, timeoutSeconds);
    const cut = new AbortController();
    const timer = this.options.clock.after(timeoutSeconds * 1000, () => cut.abort());
    try {
      const response = await this.post(place, JSON.stringify(body), cut.signal);
      return await answerOf(response);
    } catch (error) {
      if (error instanceof WebhookCallError) throw error;
      const why = cut.signal.aborted ? 'context deadline exceeded' : (error as Error).message;
      throw new WebhookCallError(`Post ${JSON.stringify(place.url.href)}: ${why}`, { cause: error });
    } finally {
      timer.cancel();
    }
  }

  /** Connects only when called. */
  start(): Promise<void> {
    return Promise.resolve();
  }

  /** Closes all connections. */
  stop(): Promise<void> {
    return this.connections.stop();
  }

  /** Once more on a new connection when the kept one had been closed: the webhook has not answered, and is given the same. */
  private async post(place: Place, body: string, signal: AbortSignal): Promise<IncomingMessage> {
    const { service, serverName, ca = '', url } = place;
    const id = JSON.stringify([service ?? url.host, serverName, ca]);
    const kept = this.connections.to(id, (late) => this.connect(place, late));
    try {
      return await send(place.url, body, kept.agent, signal);
    } catch (error) {
      if (!(error instanceof StaleConnectionError)) throw error;
      kept.freshen();
      return await send(place.url, body, kept.agent, signal);
    }
  }

  private addressOf({ hostname, port }: URL): DialTarget {
    const address = hostname.replace(/^\[|\]$/g, '');
    return { address, port: Number(port || HTTPS_PORT), guarded: this.options.guarded };
  }

  private async connect({ service, url, serverName, ca }: Place, signal: AbortSignal): Promise<Duplex> {
    const target = service
      ? this.options.endpoints.resolve(service.namespace, service.name, service.port)
      : this.addressOf(url);
    const socket = await this.options.dialer.dial(target, signal);
    return secured(socket, serverName, ca, signal);
  }
}

class StaleConnectionError extends Error {}

function send(url: URL, body: string, agent: Agent, signal: AbortSignal): Promise<IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const request = httpRequest({
    method: 'POST',
    path: `${url.pathname}${url.search}`,
    headers: {
      host: url.host,
      'content-type': 'application/json',
      accept: 'application/json, */*',
      'user-agent': 'dure-server',
      'content-length': Buffer.byteLength(body),
    },
    agent,
    signal,
  });
  request.once('response', resolve);
  request.on('error', (error) => {
    reject(isStale(request, error) ? new StaleConnectionError(error.message, { cause: error }) : error);
  });
  request.end(body);
  return promise;
}

function secured(socket: Duplex, serverName: string, ca: string | undefined, signal: AbortSignal): Promise<Duplex> {
  const { promise, resolve, reject } = Promise.withResolvers<Duplex>();
  const isName = !/^[\d.]+$|:/.test(serverName);
  const secure = tlsConnect({
    socket,
    ...(isName ? { servername: serverName } : { host: serverName }),
    ...(ca ? { ca } : {}),
  });
  const onAbort = (): void => void secure.destroy(new Error('the TLS handshake took too long'));
  signal.addEventListener('abort', onAbort, { once: true });
  const failed = (error: Error): void => {
    socket.destroy();
    reject(new Error(`tls: ${error.message}`, { cause: error }));
  };
  secure.once('error', failed);
  secure.once('secureConnect', () => {
    signal.removeEventListener('abort', onAbort);
    secure.off('error', failed);
    resolve(secure);
  });
  return promise;
}

function placeOf({ url, service, caBundle }: WebhookClientConfig, timeoutSeconds: number): Place {
  const ca = caBundle ? Buffer.from(caBundle, 'base64').toString() : undefined;
  const place = (address: string): URL => {
    const made = new URL(address);
    made.searchParams.set('timeout', `${timeoutSeconds}s`);
    return made;
  };
  if (service) {
    const { namespace, name, path = '', port = HTTPS_PORT } = service;
    const serverName = `${name}.${namespace}.svc`;
    const made = place(`https://${serverName}:${port}${path.startsWith('/') ? path : `/${path}`}`);
    return { url: made, service: { namespace, name, port }, serverName, ca };
  }
  const made = place(url ?? '');
  return { url: made, service: undefined, serverName: made.hostname.replace(/^\[|\]$/g, ''), ca };
}

async function answerOf(response: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response) {
    size += (chunk as Buffer).length;
    if (size > MAX_BYTES) throw new WebhookCallError(`the answer is larger than ${MAX_BYTES} bytes`);
    chunks.push(chunk as Buffer);
  }
  const text = Buffer.concat(chunks).toString();
  const { statusCode = 0 } = response;
  if (statusCode < 200 || statusCode > 299) throw refused(statusCode, text);
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw new WebhookCallError(`the answer is no JSON: ${(error as Error).message}`, { cause: error });
  }
}

function refused(code: number, text: string): WebhookCallError {
  if (code === 404) return new WebhookCallError('the server could not find the requested resource');
  const said = JSON.stringify(text.slice(0, 256));
  if (code >= 500) {
    return new WebhookCallError(`an error on the server (${said}) has prevented the request from succeeding`);
  }
  return new WebhookCallError(`the server rejected our request for an unknown reason (${code}: ${said})`);
}
