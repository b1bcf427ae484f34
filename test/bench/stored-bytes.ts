/**
 * `stored-bytes.ts FILE COUNT`: keeps what is in the file as so many pieces, as a cache keeps objects, writes them to whoever
 * asks, over HTTP/2 and TLS, as many at a time as the API server does, and does nothing else: what sending a list can't cost
 * less than. Says on which port, and ends with its standard input.
 */
import { readFileSync } from 'node:fs';
import http2 from 'node:http2';
import type { AddressInfo } from 'node:net';
import { createAuthority } from '../../lib/certificates.ts';

const CHUNK_BYTES = 64 * 1024;
const DAY_MILLISECONDS = 86_400_000;

const bytes = readFileSync(process.argv[2] ?? '');
const size = Math.ceil(bytes.length / Number(process.argv[3]));
const pieces: Buffer[] = [];
for (let at = 0; at < bytes.length; at += size) pieces.push(Buffer.from(bytes.subarray(at, at + size)));
const perChunk = Math.max(1, Math.round(CHUNK_BYTES / size));
const now = Date.now();
const validity = { notBefore: new Date(now - DAY_MILLISECONDS), notAfter: new Date(now + DAY_MILLISECONDS) };
const { key, certificate } = await createAuthority('bench', validity);
const server = http2.createSecureServer({ key, cert: certificate, maxSessionMemory: 1000 });
server.on('stream', (stream) => {
  stream.respond({ ':status': 200, 'content-type': 'application/json' });
  const write = (from: number): void => {
    let takes = true;
    let at = from;
    for (; takes && at < pieces.length; at += perChunk) {
      stream.cork();
      for (const piece of pieces.slice(at, at + perChunk)) takes = stream.write(piece);
      stream.uncork();
    }
    if (at < pieces.length) stream.once('drain', () => write(at));
    else stream.end();
  };
  write(0);
});
server.listen(0, '127.0.0.1', () => console.log((server.address() as AddressInfo).port));
process.stdin.on('end', () => process.exit()).resume();
