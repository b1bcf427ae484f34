/** Writes answers: whole ones, compressed when that pays, and long ones piece by piece at the client's pace. */
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { promisify } from 'node:util';
import { constants, createGzip, gzip } from 'node:zlib';
import type { StatusError } from '../../api/errors.ts';
import type { Protobuf } from '../../api/schema/protobuf/protobuf.ts';
import { encodeAs, STATUS_TYPE } from './answer-encoder.ts';
import { header, isGone, type Exchange, type HttpResponse } from './exchange.ts';
import { errorEncoding, MEDIA_TYPES, negotiate } from './negotiate.ts';
import { pour, type Pieces } from './pour.ts';

/** Smaller answers are sent as they are, as by Kubernetes. */
const GZIP_FROM_BYTES = 128 * 1024;
const GZIP_LEVEL = 1;
const MAX_WARNINGS = 64;

export async function writeJson(exchange: Exchange, code: number, value: unknown): Promise<void> {
  await writeBytes(exchange, code, Buffer.from(JSON.stringify(value)), 'application/json');
}

/** A value that is no resource, such as a Status or a Scale, in the encoding that is asked for. Throws NotAcceptable. */
export async function writeValue(
  exchange: Exchange,
  protobuf: Protobuf,
  code: number,
  typeName: string,
  value: object,
): Promise<void> {
  const { encoding } = negotiate(header(exchange.request, 'accept'));
  await writeBytes(exchange, code, encodeAs(encoding, protobuf, typeName, value), MEDIA_TYPES[encoding]);
}

/** `compressed` is asked for the bytes in gzip when the client takes that and it pays. */
export async function writeBytes(
  exchange: Exchange,
  code: number,
  bytes: Buffer,
  type: string,
  compressed: () => Promise<Buffer> = () => promisify(gzip)(bytes, { level: GZIP_LEVEL }),
): Promise<void> {
  const { response } = exchange;
  exchange.trail?.response(bytes, type);
  const compresses = bytes.length >= GZIP_FROM_BYTES && acceptsGzip(exchange);
  const body = compresses ? await compressed() : bytes;
  // Time was up meanwhile, and the client has been told so.
  if (isGone(response) || response.headersSent) return;
  response.setHeader('content-type', type);
  response.setHeader('content-length', body.length);
  if (compresses) response.setHeader('content-encoding', 'gzip');
  response.setHeader('vary', 'Accept-Encoding');
  response.statusCode = code;
  endWith(exchange, body);
}

/** Writes pieces one after the other, never more than the client takes. */
export async function writePieces(exchange: Exchange, pieces: Pieces, type: string): Promise<void> {
  const { response } = exchange;
  const compress = pieces.size >= GZIP_FROM_BYTES && acceptsGzip(exchange);
  response.setHeader('content-type', type);
  response.setHeader('vary', 'Accept-Encoding');
  if (compress) response.setHeader('content-encoding', 'gzip');
  response.statusCode = 200;
  if (exchange.info.method === 'HEAD') {
    response.end();
    return;
  }
  const { trail, signal } = exchange;
  const onPiece = trail && ((piece: Uint8Array): void => trail.response(piece, type));
  const options = { signal, onPiece };
  if (!compress) {
    await pour(pieces, response as ServerResponse, options);
    return;
  }
  const zip = createGzip({ level: GZIP_LEVEL, finishFlush: constants.Z_FINISH });
  zip.pipe(response as unknown as NodeJS.WritableStream);
  signal.addEventListener('abort', () => zip.destroy(), { once: true });
  await pour(pieces, zip, options);
  await once(zip, 'end', { signal });
}

/** The two kinds of response don't share a signature of `write`. */
export function write(sink: HttpResponse, chunk: Uint8Array): boolean {
  return (sink as ServerResponse).write(chunk);
}

/**
 * The error as a Status, if nothing was answered yet; otherwise the answer is broken off, so that nobody takes it as whole.
 * In JSON where there is no `protobuf`.
 */
export async function writeError(exchange: Exchange, error: StatusError, protobuf?: Protobuf): Promise<void> {
  const { response } = exchange;
  if (response.headersSent) {
    response.destroy(error);
    return;
  }
  exchange.trail?.fail(error.toStatus());
  const retryAfter = error.details?.retryAfterSeconds;
  if (retryAfter !== undefined) response.setHeader('retry-after', retryAfter);
  // What is left of a body that nobody read would be taken for the next request.
  if (!exchange.request.complete && exchange.request.httpVersionMajor === 1) {
    response.setHeader('connection', 'close');
  }
  if (!protobuf) return writeJson(exchange, error.code, error.toStatus());
  const encoding = errorEncoding(header(exchange.request, 'accept'));
  const status = encodeAs(encoding, protobuf, STATUS_TYPE, error.toStatus());
  await writeBytes(exchange, error.code, status, MEDIA_TYPES[encoding]);
}

function endWith(exchange: Exchange, body: Buffer): void {
  if (exchange.info.method === 'HEAD') exchange.response.end();
  else (exchange.response as ServerResponse).end(body);
}

function acceptsGzip(exchange: Exchange): boolean {
  return header(exchange.request, 'accept-encoding')
    .split(',')
    .some((coding) => /^\s*gzip\s*(;\s*q=(?!0(\.0*)?\s*$).*)?$/.test(coding));
}

/** Warnings for the person at the client, as kubectl prints them: at most {@link MAX_WARNINGS}, each cut at 1 KiB. */
export function addWarnings(exchange: Exchange, warnings: readonly string[]): void {
  if (warnings.length === 0) return;
  const { response } = exchange;
  const before = response.headersSent ? [] : [response.getHeader('warning') ?? []].flat().map(String);
  const values = warnings.slice(0, MAX_WARNINGS).map((text) => {
    const clean = text
      .slice(0, 1024)
      .replaceAll(/[^\x20-\x7e]/g, '?')
      .replaceAll(/[\\"]/g, String.raw`\$&`);
    return `299 - "${clean}"`;
  });
  // The same may come twice: a request is admitted again when its write lost a race.
  const all = [...new Set([...before, ...values])].slice(0, MAX_WARNINGS);
  if (!response.headersSent) response.setHeader('warning', all);
}
