/**
 * An extension API server: HTTPS with an authority of its own, believes nobody but the front proxy, and serves one kind from
 * memory, with discovery and OpenAPI as such servers have them.
 */
import { once } from 'node:events';
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import type { TLSSocket } from 'node:tls';
import { createAuthority, issue } from '../../lib/certificates.ts';

const DAY_MILLISECONDS = 86_400_000;
export const GROUP = 'wardle.example.com';
export const VERSION = 'v1alpha1';
const ROOT = `/apis/${GROUP}/${VERSION}`;
const TYPE = `com.example.wardle.${VERSION}.Flunder`;
const AGGREGATED = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';

export interface Flunder {
  apiVersion: string;
  kind: string;
  metadata: {
    name: string;
    namespace?: string;
    uid?: string;
    resourceVersion?: string;
    creationTimestamp?: string;
    finalizers?: string[];
    deletionTimestamp?: string;
  };
  spec?: { reference?: string };
}

export interface Seen {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly commonName: string;
}

export class ExtensionServer {
  /** Every request that was let in, the newest last. */
  readonly seen: Seen[] = [];
  /** How many were turned away because their certificate was not the front proxy's. */
  refused = 0;
  /** Whether it knows the one document in which everything is told. */
  hasAggregatedDiscovery = true;
  hasOpenApiV3 = true;
  /** What stands in the description of its kind. */
  description = 'A flunder, as nobody else has it.';
  /** How many connections were made. */
  connections = 0;
  /** Takes over a request; undefined leaves it to the server. */
  before: (request: IncomingMessage, response: ServerResponse) => boolean = () => false;
  private readonly server: https.Server;
  private readonly authority: string;
  private readonly flunders = new Map<string, Flunder>();
  private readonly watchers = new Set<ServerResponse>();
  private readonly watching = Promise.withResolvers<void>();
  private revision = 1;

  private constructor(server: https.Server, authority: string) {
    this.server = server;
    this.authority = authority;
    server.on('secureConnection', () => this.connections++);
    server.on('request', (request, response) => {
      void this.answer(request, response).catch((error: unknown) => response.destroy(error as Error));
    });
    server.on('upgrade', (request, socket) => {
      const line = `${request.method} ${request.url} as ${request.headers['x-remote-user'] as string}`;
      socket.write('HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: echo\r\n\r\n');
      socket.write(`${line}\n`);
      socket.pipe(socket);
    });
  }

  /** `names`: what its certificate is for. `frontProxy`: whose clients it believes, as PEM. */
  static async start(names: readonly string[], frontProxy: string): Promise<ExtensionServer> {
    const validity = {
      notBefore: new Date(Date.now() - DAY_MILLISECONDS),
      notAfter: new Date(Date.now() + DAY_MILLISECONDS),
    };
    const authority = await createAuthority('extension authority', validity);
    const { certificate: cert, key } = await issue(authority, {
      ...validity,
      commonName: 'extension',
      organizations: [],
      usages: ['server'],
      dnsNames: [...names],
      addresses: [],
    });
    const server = https.createServer({ cert, key, ca: frontProxy, requestCert: true, rejectUnauthorized: false });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    return new ExtensionServer(server, authority.certificate);
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  get caBundle(): string {
    return Buffer.from(this.authority).toString('base64');
  }

  /** Resolves once somebody watches. */
  watched(): Promise<void> {
    return this.watching.promise;
  }

  stop(): void {
    this.server.closeAllConnections();
    this.server.close();
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const socket = request.socket as TLSSocket;
    const certificate = socket.getPeerCertificate();
    const commonName = socket.authorized ? String(certificate.subject?.CN) : '';
    if (commonName !== 'front-proxy-client') {
      this.refused++;
      return reply(response, 401, { kind: 'Status', apiVersion: 'v1', status: 'Failure', code: 401 });
    }
    const { method = '', url = '', headers } = request;
    this.seen.push({ method, url, headers, commonName });
    if (this.before(request, response)) return;
    const { pathname, searchParams } = new URL(url, 'https://extension');
    if (pathname.startsWith(`${ROOT}/`)) return this.resource(request, response, pathname, searchParams);
    const document = this.document(pathname, headers.accept ?? '');
    if (document) reply(response, 200, document.value, document.type);
    else reply(response, 404, { kind: 'Status', apiVersion: 'v1', status: 'Failure', code: 404, reason: 'NotFound' });
  }

  private document(path: string, accept: string): { value: object; type?: string } | undefined {
    const schema = this.schema();
    switch (path) {
      case '/apis':
        return this.hasAggregatedDiscovery && accept.includes('APIGroupDiscoveryList')
          ? { value: AGGREGATED_DOCUMENT, type: AGGREGATED }
          : { value: { kind: 'APIGroupList', apiVersion: 'v1', groups: [] } };
      case ROOT:
        return { value: RESOURCE_LIST };
      case '/openapi/v2':
        return {
          value: {
            swagger: '2.0',
            info: { title: 'wardle', version: '1' },
            paths: { [`${ROOT}/namespaces/{namespace}/flunders`]: { get: operation('list') }, '/other': {} },
            definitions: { [TYPE]: schema, 'com.example.Unused': { type: 'object' } },
          },
        };
      case '/openapi/v3':
        if (!this.hasOpenApiV3) return undefined;
        return { value: { paths: { [ROOT.slice(1)]: { serverRelativeURL: `/openapi/v3${ROOT}?hash=H1` } } } };
      case `/openapi/v3${ROOT}`:
        if (!this.hasOpenApiV3) return undefined;
        return {
          value: {
            openapi: '3.0.0',
            info: { title: 'wardle', version: '1' },
            paths: { [`${ROOT}/namespaces/{namespace}/flunders`]: { get: operationV3('list') } },
            components: { schemas: { [TYPE]: schema } },
          },
        };
      default:
        return undefined;
    }
  }

  private schema(): object {
    return {
      description: this.description,
      type: 'object',
      properties: {
        apiVersion: { type: 'string' },
        kind: { type: 'string' },
        metadata: { type: 'object' },
        spec: { type: 'object', properties: { reference: { type: 'string', description: 'To another one.' } } },
      },
      'x-kubernetes-group-version-kind': [{ group: GROUP, version: VERSION, kind: 'Flunder' }],
    };
  }

  private async resource(
    request: IncomingMessage,
    response: ServerResponse,
    path: string,
    query: URLSearchParams,
  ): Promise<void> {
    const [, , , , , namespace = '', , name] = path.split('/');
    const key = `${namespace}/${name}`;
    const flunder = this.flunders.get(key);
    if (name === undefined) {
      if (request.method === 'POST') return this.create(request, response, namespace);
      if (query.get('watch')) return this.watch(response);
      return reply(response, 200, this.list(namespace));
    }
    if (!flunder) {
      const message = `flunders.${GROUP} "${name}" not found`;
      const status = { kind: 'Status', apiVersion: 'v1', status: 'Failure', reason: 'NotFound', code: 404, message };
      return reply(response, 404, status);
    }
    if (request.method === 'DELETE') {
      if (flunder.metadata.finalizers?.length) flunder.metadata.deletionTimestamp = '2026-01-02T00:00:00Z';
      else this.remove(key, flunder);
    }
    reply(response, 200, flunder);
  }

  /** Whatever holds it. */
  finalize(namespace: string, name: string): void {
    const key = `${namespace}/${name}`;
    const flunder = this.flunders.get(key);
    if (flunder) this.remove(key, flunder);
  }

  private remove(key: string, flunder: Flunder): void {
    this.flunders.delete(key);
    this.tell('DELETED', flunder);
  }

  private async create(request: IncomingMessage, response: ServerResponse, namespace: string): Promise<void> {
    const flunder = (await json(request)) as Flunder;
    const resourceVersion = String(++this.revision);
    const creationTimestamp = '2026-01-01T00:00:00Z';
    flunder.metadata = {
      ...flunder.metadata,
      namespace,
      uid: `u${resourceVersion}`,
      resourceVersion,
      creationTimestamp,
    };
    this.flunders.set(`${namespace}/${flunder.metadata.name}`, flunder);
    this.tell('ADDED', flunder);
    reply(response, 201, flunder);
  }

  private list(namespace: string): object {
    const apiVersion = `${GROUP}/${VERSION}`;
    const items = [...this.flunders.values()].filter(({ metadata }) => metadata.namespace === namespace);
    return { apiVersion, kind: 'FlunderList', metadata: { resourceVersion: String(this.revision) }, items };
  }

  private watch(response: ServerResponse): void {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.flushHeaders();
    this.watchers.add(response);
    this.watching.resolve();
    response.on('close', () => this.watchers.delete(response));
  }

  private tell(type: string, object: Flunder): void {
    for (const watcher of this.watchers) watcher.write(`${JSON.stringify({ type, object })}\n`);
  }
}

function reply(response: ServerResponse, code: number, value: object, type = 'application/json'): void {
  response.writeHead(code, { 'content-type': type });
  response.end(JSON.stringify(value));
}

const VERBS = ['create', 'delete', 'get', 'list', 'watch'];
const KIND = { group: GROUP, version: VERSION, kind: 'Flunder' };

const AGGREGATED_DOCUMENT = {
  kind: 'APIGroupDiscoveryList',
  apiVersion: 'apidiscovery.k8s.io/v2',
  metadata: {},
  items: [
    {
      metadata: { name: GROUP },
      versions: [
        {
          version: VERSION,
          freshness: 'Current',
          resources: [
            {
              resource: 'flunders',
              responseKind: KIND,
              scope: 'Namespaced',
              singularResource: 'flunder',
              shortNames: ['fl'],
              verbs: VERBS,
              subresources: [{ subresource: 'status', responseKind: KIND, verbs: ['get'] }],
            },
          ],
        },
      ],
    },
  ],
};

const RESOURCE_LIST = {
  kind: 'APIResourceList',
  apiVersion: 'v1',
  groupVersion: `${GROUP}/${VERSION}`,
  resources: [
    { name: 'flunders', singularName: 'flunder', namespaced: true, kind: 'Flunder', shortNames: ['fl'], verbs: VERBS },
    { name: 'flunders/status', singularName: '', namespaced: true, kind: 'Flunder', verbs: ['get'] },
  ],
};

function operation(action: string): object {
  return {
    operationId: `${action}Flunder`,
    responses: { 200: { description: 'OK', schema: { $ref: `#/definitions/${TYPE}` } } },
    'x-kubernetes-action': action,
    'x-kubernetes-group-version-kind': KIND,
  };
}

function operationV3(action: string): object {
  const schema = { $ref: `#/components/schemas/${TYPE}` };
  return {
    operationId: `${action}Flunder`,
    responses: { 200: { description: 'OK', content: { 'application/json': { schema } } } },
    'x-kubernetes-action': action,
    'x-kubernetes-group-version-kind': KIND,
  };
}
