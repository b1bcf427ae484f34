/** How agents and further servers become members: they trust the authority that their token names, and ask it. */
import https from 'node:https';
import { readBody } from './body.ts';
import { createSigningRequest, fingerprint, type KeyPair } from './certificates.ts';

const TOKEN = /^dure-([0-9a-f]{6,32})\.([0-9a-f]{32,128})\.([0-9a-f]{64})$/;
const DEADLINE_MILLISECONDS = 10_000;
const ANSWER_LIMIT_BYTES = 1024 * 1024;

export interface JoinToken {
  readonly id: string;
  readonly secret: string;
  /** SHA-256 of the authority's certificate, in hex. */
  readonly authorityHash: string;
}

/** undefined when it isn't one. */
export function parseJoinToken(text: string): JoinToken | undefined {
  const [, id, secret, authorityHash] = TOKEN.exec(text) ?? [];
  return id && secret && authorityHash ? { id, secret, authorityHash } : undefined;
}

export interface JoinRequest {
  /** The web side of a server, such as https://10.0.0.1:6444. */
  readonly server: string;
  readonly token: string;
  readonly nodeName: string;
  readonly signal?: AbortSignal;
}

export interface RenewRequest {
  readonly server: string;
  readonly nodeName: string;
  /** The authority's certificate, as PEM. */
  readonly authority: string;
  readonly current: KeyPair;
  readonly signal?: AbortSignal;
}

export interface Membership {
  /** The authority's certificate, as PEM. */
  readonly authority: string;
  readonly client: KeyPair;
  /** What the cluster tells its agents, such as where to dial. */
  readonly settings: Readonly<Record<string, unknown>>;
}

/** What POST /join takes; `token` is absent when the sender shows a node's certificate. */
export interface JoinMessage {
  readonly nodeName: string;
  /** PKCS #10, as PEM. */
  readonly request: string;
  readonly token?: string;
}

/** What POST /join answers. */
export interface JoinAnswer {
  readonly certificate: string;
  readonly settings: Readonly<Record<string, unknown>>;
}

/** Throws when the server is not the one that the token is for, can't be reached, or refuses; the message says which. */
export async function joinCluster({ server, token, nodeName, signal }: JoinRequest): Promise<Membership> {
  const parsed = parseJoinToken(token);
  if (!parsed) throw new Error('the join token is not one: dure-<id>.<secret>.<hash> is expected');
  const authority = await trustedAuthority(server, parsed, signal);
  return enroll({ server, nodeName, authority, token, signal });
}

export interface ServerJoinRequest extends ServerJoinMessage {
  /** The web side of a server of the cluster. */
  readonly server: string;
}

/** What POST /join/server takes. */
export interface ServerJoinMessage {
  readonly token: string;
  readonly name: string;
  /** Where the other servers' etcd reaches this one's; absent when etcd is run by others. */
  readonly peerUrl?: string;
  /** The flags that must be the same on all servers, as this one has them. */
  readonly settings: Readonly<Record<string, unknown>>;
}

/** What POST /join/server answers. */
export interface ServerJoinAnswer {
  /** What all servers share, by its path below the data directory: authorities and keys. */
  readonly files: Readonly<Record<string, string>>;
  /** All members of the store, the new one among them. */
  readonly members: readonly {
    readonly name: string;
    readonly peerUrl: string;
    readonly clientUrls: readonly string[];
  }[];
}

/** A server answered, and said no. */
export class JoinRefusedError extends Error {
  override readonly name = 'JoinRefusedError';
  /** Of HTTP. */
  readonly code: number;
  /** The server's own words, if it had any. */
  readonly reason: string;

  constructor(url: string, code: number, body: string) {
    super(`${url} answered ${code}: ${body.slice(0, 500)}`);
    this.code = code;
    this.reason = reasonIn(body);
  }
}

/** Throws as {@link joinCluster} does. */
export async function joinServers({ server, ...message }: ServerJoinRequest): Promise<ServerJoinAnswer> {
  const parsed = parseJoinToken(message.token);
  if (!parsed) throw new Error('the join token is not one: dure-<id>.<secret>.<hash> is expected');
  const authority = await trustedAuthority(server, parsed, undefined);
  const answer = await ask(`${server}/join/server`, { ca: authority }, JSON.stringify(message), undefined);
  return JSON.parse(answer) as ServerJoinAnswer;
}

/** Nobody is trusted yet: what comes is believed only when its hash is the token's. */
async function trustedAuthority(server: string, token: JoinToken, signal: AbortSignal | undefined): Promise<string> {
  const authority = await ask(`${server}/ca`, { rejectUnauthorized: false }, undefined, signal);
  if (hashOf(authority) === token.authorityHash) return authority;
  throw new Error(`the authority of ${server} is not the one that the join token names`);
}

/** A new certificate for a member that still has a valid one. */
export function renewMembership({ server, nodeName, authority, current, signal }: RenewRequest): Promise<Membership> {
  return enroll({ server, nodeName, authority, current, signal });
}

interface Enrolment {
  server: string;
  nodeName: string;
  authority: string;
  token?: string;
  current?: KeyPair;
  signal: AbortSignal | undefined;
}

async function enroll({ server, nodeName, authority, token, current, signal }: Enrolment): Promise<Membership> {
  const { key, request } = await createSigningRequest({
    commonName: `system:node:${nodeName}`,
    organizations: ['system:nodes'],
  });
  const message: JoinMessage = { nodeName, request, ...(token === undefined ? {} : { token }) };
  const tls = { ca: authority, ...(current ? { cert: current.certificate, key: current.key } : {}) };
  const answer = JSON.parse(await ask(`${server}/join`, tls, JSON.stringify(message), signal)) as JoinAnswer;
  return { authority, client: { certificate: answer.certificate, key }, settings: answer.settings };
}

function reasonIn(body: string): string {
  try {
    return (JSON.parse(body) as { message?: string }).message ?? body;
  } catch {
    // Not a Status, so all of it is what was said.
    return body.slice(0, 500);
  }
}

function hashOf(pem: string): string | undefined {
  try {
    return fingerprint(pem);
  } catch {
    // Not a certificate at all, so not the right one either.
    return undefined;
  }
}

function ask(
  url: string,
  tls: https.RequestOptions,
  body: string | undefined,
  signal: AbortSignal | undefined,
): Promise<string> {
  const deadline = AbortSignal.timeout(DEADLINE_MILLISECONDS);
  return new Promise((resolve, reject) => {
    const request = https.request(
      url,
      {
        ...tls,
        agent: false,
        method: body === undefined ? 'GET' : 'POST',
        headers: body === undefined ? {} : { 'content-type': 'application/json' },
        signal: signal ? AbortSignal.any([signal, deadline]) : deadline,
      },
      (response) => {
        readBody(response, ANSWER_LIMIT_BYTES)
          .then((bytes) => {
            const text = bytes.toString();
            if (response.statusCode === 200) resolve(text);
            else reject(new JoinRefusedError(url, response.statusCode ?? 0, text));
          })
          .catch((error: unknown) => reject(new Error(`${url}: ${(error as Error).message}`, { cause: error })));
      },
    );
    request.on('error', reject);
    request.end(body);
  });
}
