/** SPDY/3.1 to the API server, by an upgrade of a request of its own. */
import https from 'node:https';
import type { Duplex } from 'node:stream';
import { readBody } from '../body.ts';
import { http } from '../http.ts';
import { SpdySession } from '../spdy/session.ts';
import type { ClusterAccess } from './cluster.ts';
import { ConnectionError, errorOf } from './errors.ts';
import { identityHeaders } from './identity.ts';

const HANDSHAKE_MILLISECONDS = 30_000;
const ERROR_LIMIT_BYTES = 1024 * 1024;

export interface SpdyRequest {
  readonly access: ClusterAccess;
  readonly path: string;
  /** Spoken on the streams, such as portforward.k8s.io. */
  readonly protocol: string;
  readonly userAgent: string;
}

/** Rejects with ApiError when the server refuses, ConnectionError when there is no answer. */
export function openSpdy({ access, path, protocol, userAgent }: SpdyRequest): Promise<SpdySession> {
  const { server, authority, serverName, insecureSkipVerify, client } = access;
  const { request: start } = server.startsWith('https:') ? https : http;
  return new Promise((resolve, reject) => {
    const request = start(server.replace(/\/$/, '') + path, {
      method: 'POST',
      // A connection that is upgraded belongs to nobody else.
      agent: false,
      timeout: HANDSHAKE_MILLISECONDS,
      ...(authority === undefined ? {} : { ca: authority }),
      ...(serverName === undefined ? {} : { servername: serverName }),
      ...(client ? { cert: client.certificate, key: client.key } : {}),
      rejectUnauthorized: insecureSkipVerify !== true,
      headers: {
        connection: 'Upgrade',
        upgrade: 'SPDY/3.1',
        'x-stream-protocol-version': protocol,
        'user-agent': userAgent,
        ...identityHeaders(access),
      },
    });
    request.on('timeout', () => request.destroy(new Error('no answer in time')));
    request.on('error', (error) => reject(new ConnectionError(error.message, { cause: error })));
    request.on('response', (response) => {
      readBody(response, ERROR_LIMIT_BYTES).then((body) => reject(errorOf(response.statusCode ?? 0, body)), reject);
    });
    request.on('upgrade', (_response, socket: Duplex, head: Buffer) => {
      request.setTimeout(0);
      resolve(new SpdySession({ connection: socket, role: 'client', head }));
    });
    request.end();
  });
}
