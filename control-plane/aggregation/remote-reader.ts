/** Asks other API servers on this one's own account, in bounded time and size. */
import http, { type IncomingMessage } from 'node:http';
import type { TLSSocket } from 'node:tls';
import type { Clock } from '../../lib/clock.ts';
import type { User } from '../user.ts';
import { openBackend } from '../handlers/proxy/forward.ts';
import { identityHeaders } from './identity.ts';
import type { RemoteApi } from './remote-apis.ts';
import type { Upstreams } from './upstream.ts';

/** As whom others are asked. */
const AGGREGATOR: User = { name: 'system:kube-aggregator', groups: ['system:masters'] };

export interface Question {
  /** GET when absent. */
  readonly method?: 'DELETE';
  readonly path: string;
  readonly accept: string;
  /** Of what is known already: the answer may be 304 then. */
  readonly etag?: string;
  /** Sent as JSON. */
  readonly body?: object;
  readonly milliseconds: number;
  /** Of a longer answer nothing is returned. */
  readonly maxBytes: number;
}

export interface Answer {
  readonly code: number;
  /** '' where there is none. */
  readonly contentType: string;
  readonly etag: string;
  readonly body: Buffer;
}

export class RemoteReader {
  private readonly options: { readonly upstreams: Upstreams; readonly clock: Clock };

  constructor(options: { readonly upstreams: Upstreams; readonly clock: Clock }) {
    this.options = options;
  }

  /** Rejects with an Error that says why there is no answer. Any status is one. */
  async ask(api: RemoteApi, question: Question): Promise<Answer> {
    const ended = new AbortController();
    const seconds = question.milliseconds / 1000;
    const timer = this.options.clock.after(question.milliseconds, () => {
      ended.abort(new Error(`no answer within ${seconds} s`));
    });
    try {
      return await this.exchange(api, question, ended.signal);
    } catch (error) {
      throw ended.signal.aborted ? ended.signal.reason : error;
    } finally {
      timer.cancel();
      ended.abort(new Error('the question has been answered'));
    }
  }

  private async exchange(api: RemoteApi, question: Question, signal: AbortSignal): Promise<Answer> {
    const { method = 'GET', path, accept, etag, maxBytes } = question;
    const body = question.body && JSON.stringify(question.body);
    const backend = this.options.upstreams.backend(api);
    const connection = await openBackend(backend, signal);
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      const request = http.request({
        method,
        path,
        headers: {
          ...identityHeaders(AGGREGATOR),
          accept,
          host: backend.host,
          connection: 'close',
          'user-agent': 'dure-server',
          ...(etag ? { 'if-none-match': etag } : {}),
          ...(body ? { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) } : {}),
        },
        createConnection: () => connection as TLSSocket,
        signal,
      });
      request.once('response', resolve);
      request.on('error', reject);
      request.end(body);
    });
    const { 'content-type': contentType = '', etag: tag = '' } = response.headers;
    return { code: response.statusCode ?? 0, contentType, etag: tag, body: await bodyOf(response, maxBytes) };
  }
}

async function bodyOf(response: IncomingMessage, maxBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > maxBytes) throw new Error(`the answer is longer than ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
