/** The endpoints that are no resources: health, version, metrics, and the documents that describe the API. */
import type { Metrics } from '../../lib/metrics.ts';
import type { Document } from './document.ts';
import type { Exchange, Handler } from '../http/exchange.ts';
import type { Health } from './health.ts';
import { header } from '../http/exchange.ts';
import { writeBytes } from '../http/respond.ts';
import { version } from './version.ts';

export interface EndpointsOptions {
  readonly health: Health;
  readonly metrics: Metrics;
  /** Discovery and OpenAPI, by what they answer to. Each throws a StatusError for what it does not know. */
  readonly documents: Readonly<Record<string, (exchange: Exchange) => Document>>;
}

export function endpoints({ health, metrics, documents }: EndpointsOptions): Record<string, Handler> {
  const healthy: Handler = async (exchange) => {
    const { code, text } = await health.answer(exchange.info.segments, exchange.info.query);
    await writeBytes(exchange, code, Buffer.from(text), 'text/plain; charset=utf-8');
  };
  const described = Object.entries(documents).map(([name, find]): [string, Handler] => [
    name,
    (exchange) => sendDocument(exchange, find(exchange)),
  ]);
  return {
    ...Object.fromEntries(described),
    livez: healthy,
    readyz: healthy,
    healthz: healthy,
    version,
    metrics: async (exchange) => writeBytes(exchange, 200, Buffer.from(await metrics.text()), metrics.contentType),
  };
}

/** Not again to who has it already. */
async function sendDocument(exchange: Exchange, document: Document): Promise<void> {
  const { response, request } = exchange;
  const { bytes, contentType, etag } = document;
  response.setHeader('etag', etag);
  response.setHeader('vary', 'Accept');
  // A URL with the hash in it changes with the document: what it names may be kept for as long as anybody likes.
  if (`"${exchange.info.query.get('hash')}"` === etag) response.setHeader('cache-control', 'public, immutable');
  const known = header(request, 'if-none-match')
    .split(',')
    .map((tag) => tag.trim());
  if (known.includes(etag) || known.includes('*')) {
    response.statusCode = 304;
    response.end();
    return;
  }
  await writeBytes(exchange, 200, bytes, contentType, () => document.compressed());
}
