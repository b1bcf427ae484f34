/** An edge: one HTTP request to a pod, for probes and hooks, on a connection of its own. */
import type { OutgoingHttpHeaders } from 'node:http';
import https from 'node:https';
import { http } from '../../lib/http.ts';

export interface HttpTarget {
  scheme: 'http' | 'https';
  host: string;
  port: number;
  path: string;
  headers: readonly { name: string; value: string }[];
  timeoutMilliseconds: number;
  userAgent: string;
}

export interface HttpAnswer {
  status: number;
  /** The first 10 KiB. */
  body: string;
}

const MAX_BODY = 10_240;
const MAX_REDIRECTS = 10;

/** Follows redirects to the same host only; one to another host is itself the answer. */
export async function httpRequest(target: HttpTarget): Promise<HttpAnswer> {
  const deadline = AbortSignal.timeout(target.timeoutMilliseconds);
  let url = new URL(`${target.scheme}://${bracket(target.host)}:${target.port}${withSlash(target.path)}`);
  for (let redirects = 0; ; redirects += 1) {
    const { answer, location } = await ask(url, target, deadline);
    if (location === undefined || answer.status < 300 || answer.status >= 400) return answer;
    const next = new URL(location, url);
    if (next.hostname !== url.hostname) return answer;
    if (redirects === MAX_REDIRECTS) throw new Error(`Get "${url.href}": stopped after ${MAX_REDIRECTS} redirects`);
    url = next;
  }
}

function ask(
  url: URL,
  target: HttpTarget,
  signal: AbortSignal,
): Promise<{ answer: HttpAnswer; location: string | undefined }> {
  return new Promise((resolve, reject) => {
    const fail = (error: Error): void =>
      reject(new Error(`Get "${url.href}": ${describe(error, signal)}`, { cause: error }));
    const send = url.protocol === 'https:' ? https.request : http.request;
    // A pod's certificate is its own affair: a probe asks whether it answers.
    const options = { agent: false, signal, headers: headersOf(target, url), rejectUnauthorized: false };
    const request = send(url, options, (response) => {
      const chunks: Buffer[] = [];
      let size = 0;
      const finish = (): void => {
        const body = Buffer.concat(chunks).subarray(0, MAX_BODY).toString();
        resolve({ answer: { status: response.statusCode ?? 0, body }, location: response.headers.location });
        request.destroy();
      };
      response.on('data', (chunk: Buffer) => {
        chunks.push(chunk);
        size += chunk.length;
        if (size >= MAX_BODY) finish();
      });
      response.on('end', finish);
      response.on('error', fail);
    });
    request.on('error', fail);
    request.end();
  });
}

function headersOf(target: HttpTarget, url: URL): OutgoingHttpHeaders {
  const headers: Record<string, string | string[]> = {};
  const given = new Set(target.headers.map(({ name }) => name.toLowerCase()));
  if (!given.has('user-agent')) headers['User-Agent'] = target.userAgent;
  if (!given.has('accept')) headers['Accept'] = '*/*';
  if (!given.has('host')) headers['Host'] = url.host;
  headers['Connection'] = 'close';
  for (const { name, value } of target.headers) {
    const before = headers[name];
    headers[name] = before === undefined ? value : [before, value].flat();
  }
  return headers;
}

/** The system's errors in the words that users of Kubernetes know from its probes. */
export function describe(error: Error, signal: AbortSignal): string {
  const { code, message } = error as NodeJS.ErrnoException & { address?: string; port?: number };
  if (signal.aborted) return 'context deadline exceeded (Client.Timeout exceeded while awaiting headers)';
  return code === undefined ? message : describeDial(error);
}

const DIAL_ERRORS: Record<string, string> = {
  ECONNREFUSED: 'connect: connection refused',
  EHOSTUNREACH: 'connect: no route to host',
  ENETUNREACH: 'connect: network is unreachable',
  ETIMEDOUT: 'i/o timeout',
};

export function describeDial(error: Error): string {
  const { code = '', message, address, port } = error as NodeJS.ErrnoException & { address?: string; port?: number };
  const words = DIAL_ERRORS[code];
  return words === undefined || address === undefined ? message : `dial tcp ${bracket(address)}:${port}: ${words}`;
}

function bracket(host: string): string {
  return host.includes(':') && !host.startsWith('[') ? `[${host}]` : host;
}

function withSlash(path: string): string {
  return path.startsWith('/') ? path : `/${path}`;
}
