/** Reads what the client sends, within limits of size and time. */
import { gunzip } from 'node:zlib';
import { promisify } from 'node:util';
import { badRequest, StatusError, tooLarge } from '../../api/errors.ts';
import type { Clock } from '../../lib/clock.ts';
import { header, type Exchange, type HttpRequest } from './exchange.ts';

export const BODY_LIMIT_BYTES = 3 * 1024 * 1024;
/** How long a client may take to send its body. */
export const BODY_DEADLINE_MILLISECONDS = 30_000;
const ENCODINGS = ['', 'identity', 'gzip'];

/** The whole body. Throws RequestEntityTooLarge, UnsupportedMediaType, Timeout (408), or BadRequest when it broke off. */
export async function readBody(exchange: Exchange, clock: Clock): Promise<Buffer> {
  const { request } = exchange;
  // What follows such a request belongs to the other protocol.
  if (exchange.upgrade) throw badRequest('a request that asks for another protocol has no body');
  const encoding = header(request, 'content-encoding').toLowerCase();
  if (!ENCODINGS.includes(encoding)) throw unknownEncoding(encoding);
  const announced = Number(header(request, 'content-length'));
  if (announced > BODY_LIMIT_BYTES) throw bodyTooLarge();
  const body = await collect(request, clock);
  const bytes = encoding === 'gzip' ? await inflate(body) : body;
  exchange.trail?.request(bytes, header(request, 'content-type'));
  return bytes;
}

function bodyTooLarge(): StatusError {
  return tooLarge(`Request entity too large: limit is ${BODY_LIMIT_BYTES}`);
}

function unknownEncoding(encoding: string): StatusError {
  return new StatusError({
    code: 415,
    reason: 'UnsupportedMediaType',
    message: `the content encoding ${JSON.stringify(encoding)} is not served; use gzip or none`,
  });
}

function collect(request: HttpRequest, clock: Clock): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const settle = (act: () => void): void => {
      timer.cancel();
      request.off('data', onData).off('end', onEnd).off('error', onBroken).off('close', onBroken);
      act();
    };
    const timer = clock.after(BODY_DEADLINE_MILLISECONDS, () => settle(() => reject(tooSlow())));
    const onData = (chunk: Buffer): void => {
      size += chunk.length;
      if (size > BODY_LIMIT_BYTES) settle(() => reject(bodyTooLarge()));
      else chunks.push(chunk);
    };
    const onEnd = (): void => settle(() => resolve(Buffer.concat(chunks, size)));
    const onBroken = (): void => settle(() => reject(badRequest('the body of the request ended too early')));
    request.on('data', onData).on('end', onEnd).on('error', onBroken).on('close', onBroken);
  });
}

function tooSlow(): StatusError {
  return new StatusError({
    code: 408,
    reason: 'Timeout',
    message: `the body of the request did not arrive within ${BODY_DEADLINE_MILLISECONDS / 1000} s`,
  });
}

async function inflate(body: Buffer): Promise<Buffer> {
  try {
    return await promisify(gunzip)(body, { maxOutputLength: BODY_LIMIT_BYTES });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') throw bodyTooLarge();
    throw badRequest('the body of the request is not valid gzip');
  }
}
