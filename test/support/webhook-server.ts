/** A webhook: an HTTPS server with an authority of its own, whose answers the test decides. */
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { createAuthority, issue } from '../../lib/certificates.ts';

const DAY_MILLISECONDS = 86_400_000;

export interface Asked {
  readonly path: string;
  readonly review: Review;
}

export interface Review {
  readonly kind: string;
  readonly apiVersion: string;
  readonly request: {
    readonly uid: string;
    readonly operation: string;
    readonly dryRun: boolean;
    readonly name?: string;
    readonly namespace?: string;
    readonly kind: { readonly kind: string };
    readonly resource: { readonly resource: string };
    readonly subResource?: string;
    readonly userInfo: { readonly username: string };
    readonly object: TestObject | null;
    readonly oldObject: TestObject | null;
  };
}

export interface TestObject {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata: { readonly name?: string; readonly labels?: Readonly<Record<string, string>> };
  readonly data?: Readonly<Record<string, string>>;
}

/** What goes into the response besides the uid; undefined: no answer at all. */
export type Decide = (asked: Asked) => object | undefined | Promise<object | undefined>;

export class WebhookServer {
  readonly asked: Asked[] = [];
  /** How many connections were made. */
  connections = 0;
  /** Closes a connection when it is used again. */
  isImpatient = false;
  decide: Decide = () => ({ allowed: true });
  private readonly used = new Set<object>();
  private readonly server: https.Server;
  private readonly authority: string;

  private constructor(server: https.Server, authority: string) {
    this.server = server;
    this.authority = authority;
    server.on('secureConnection', () => this.connections++);
    server.on('request', (request, response) => {
      void this.answer(request, response).catch((error: unknown) => response.destroy(error as Error));
    });
  }

  /** `names`: what its certificate is for. */
  static async start(names: readonly string[] = []): Promise<WebhookServer> {
    const validity = {
      notBefore: new Date(Date.now() - DAY_MILLISECONDS),
      notAfter: new Date(Date.now() + DAY_MILLISECONDS),
    };
    const authority = await createAuthority('webhook authority', validity);
    const { certificate: cert, key } = await issue(authority, {
      ...validity,
      commonName: 'webhook',
      organizations: [],
      usages: ['server'],
      dnsNames: ['localhost', ...names],
      addresses: ['127.0.0.1'],
    });
    const server = https.createServer({ cert, key });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    return new WebhookServer(server, authority.certificate);
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  /** For a `clientConfig`. */
  get caBundle(): string {
    return Buffer.from(this.authority).toString('base64');
  }

  config(path: string): object {
    return { url: `https://localhost:${this.port}${path}`, caBundle: this.caBundle };
  }

  stop(): void {
    this.server.closeAllConnections();
    this.server.close();
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const isAgain = this.used.size === this.used.add(request.socket).size;
    if (isAgain && this.isImpatient) return void request.socket.destroy();
    const path = request.url ?? '';
    const review = (await json(request)) as Review;
    const asked = { path, review };
    this.asked.push(asked);
    const decided = await this.decide(asked);
    if (decided === undefined) return;
    const { uid } = review.request;
    const { kind, apiVersion } = review;
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ kind, apiVersion, response: { uid, ...decided } }));
  }
}

/** A JSON patch as a webhook sends it. */
export function patchOf(...operations: readonly object[]): object {
  const patch = Buffer.from(JSON.stringify(operations)).toString('base64');
  return { allowed: true, patchType: 'JSONPatch', patch };
}
