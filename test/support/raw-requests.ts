/** Requests as anybody might send them: nothing is checked or completed on the way to the server. */
import { once } from 'node:events';
import type { IncomingHttpHeaders, IncomingMessage, OutgoingHttpHeaders } from 'node:http';
import { readFile } from 'node:fs/promises';
import https from 'node:https';
import tls from 'node:tls';
import { parse } from 'yaml';
import type { Status } from '../../api/types/meta.v1.ts';
import type { ClusterAccess } from '../../lib/client/cluster.ts';

const DEADLINE_MILLISECONDS = 20_000;

export interface RawRequest {
  readonly method?: string;
  readonly headers?: OutgoingHttpHeaders;
  readonly body?: string | Uint8Array;
}

export interface RawAnswer {
  readonly code: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  readonly bytes: Buffer;
}

export class RawClient {
  private readonly access: ClusterAccess;
  private readonly agent: https.Agent;

  /** `connections` is how many requests are under way at once. */
  constructor(access: ClusterAccess, connections = 8) {
    this.access = access;
    this.agent = new https.Agent({ keepAlive: true, maxSockets: connections });
  }

  close(): void {
    this.agent.destroy();
  }

  /** Options for a connection of one's own. */
  get tls(): tls.ConnectionOptions {
    const { authority, client } = this.access;
    const { hostname: host, port } = new URL(this.access.server);
    return {
      host,
      port: Number(port),
      ...(authority === undefined ? {} : { ca: authority }),
      ...(client ? { cert: client.certificate, key: client.key } : {}),
    };
  }

  async ask(path: string, { method = 'GET', headers = {}, body }: RawRequest = {}): Promise<RawAnswer> {
    const { host, port, ca, cert, key } = this.tls;
    const request = https.request({
      host,
      port,
      ca,
      cert,
      key,
      method,
      headers: body === undefined ? headers : { 'content-length': Buffer.byteLength(body), ...headers },
      agent: this.agent,
      signal: AbortSignal.timeout(DEADLINE_MILLISECONDS),
      path,
    });
    request.end(body);
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    const bytes = Buffer.concat(await response.toArray());
    return { code: response.statusCode ?? 0, headers: response.headers, text: bytes.toString(), bytes };
  }

  /** Sends bytes on a new connection, resolves with all that comes back until the server closes it. */
  async send(bytes: string | Uint8Array): Promise<string> {
    const socket = tls.connect({ ...this.tls, ALPNProtocols: ['http/1.1'] });
    const timer = setTimeout(() => socket.destroy(new Error('the server kept the connection')), DEADLINE_MILLISECONDS);
    try {
      socket.end(bytes);
      return Buffer.concat(await socket.toArray()).toString();
    } finally {
      clearTimeout(timer);
      socket.destroy();
    }
  }
}

/** How the administrator reaches the server that wrote this kubeconfig. */
export async function adminAccess({ kubeconfig }: { readonly kubeconfig: string }): Promise<ClusterAccess> {
  const config = parse(await readFile(kubeconfig, 'utf8')) as {
    clusters: { cluster: Record<string, string> }[];
    users: { user: Record<string, string> }[];
  };
  const { server = '', 'certificate-authority-data': authority } = config.clusters[0]?.cluster ?? {};
  const user = config.users[0]?.user ?? {};
  const text = (data: string | undefined): string => Buffer.from(data ?? '', 'base64').toString();
  const client = { certificate: text(user['client-certificate-data']), key: text(user['client-key-data']) };
  return { server, authority: text(authority), client };
}

/** The Status that an answer holds. Throws when it holds something else. */
export function statusOf({ text }: RawAnswer): Status {
  const status = JSON.parse(text) as Status;
  if (status.kind !== 'Status') throw new Error(`no Status: ${text.slice(0, 200)}`);
  return status;
}
