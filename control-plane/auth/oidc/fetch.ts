/** An edge: reads a JSON document of an issuer over HTTPS, bounded in size and in time. */
import { get } from 'node:https';
import type { IncomingMessage } from 'node:http';
import { readBody } from '../../../lib/body.ts';

const MAX_BYTES = 1024 * 1024;
const DEADLINE_MILLISECONDS = 10_000;

/** `ca`: PEM of the authorities to trust instead of the machine's. Rejects with an Error for any answer but 200. */
export async function fetchJson(url: URL, ca: string | undefined): Promise<unknown> {
  const signal = AbortSignal.timeout(DEADLINE_MILLISECONDS);
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const request = get(url, { signal, headers: { accept: 'application/json' }, ...(ca === undefined ? {} : { ca }) });
    request.once('response', resolve);
    request.once('error', reject);
  });
  const body = await readBody(response, MAX_BYTES);
  // Whoever answers with another place to ask is not the issuer that was named.
  if (response.statusCode !== 200) throw new Error(`${url.href} answered ${response.statusCode}`);
  return JSON.parse(body.toString());
}
