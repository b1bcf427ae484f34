/**
 * `stored_bytes.ts FILE`: writes what is in the file to whoever asks, over HTTP/2 and TLS, in the pieces that the API server
 * writes lists in, and does nothing else: what sending a list can't cost less than. Says on which port, and ends with its
 * standard input.
 */
import { readFileSync } from 'node:fs';
import http2 from 'node:http2';
import type { AddressInfo } from 'node:net';
import { createAuthority } from '../../lib/certificates.ts';

const PIECE_BYTES = 64 * 1024;
const DAY_MILLISECONDS = 86_400_000;

const bytes = readFileSync(process.argv[2] ?? '');
const now = Date.now();
const validity = { notBefore: new Date(now - DAY_MILLISECONDS), notAfter: new Date(now + DAY_MILLISECONDS) };
const { key, certificate } = await createAuthority('bench', validity);
const server = http2.createSecureServer({ key, cert: certificate, maxSessionMemory: 1000 });
server.on('stream', (stream) => {
  stream.respond({ ':status': 200, 'content-type': 'application/json' });
  const write = (from: number): void => {
    let at = from;
    while (at < bytes.length) {
      const takes = stream.write(bytes.subarray(at, at + PIECE_BYTES));
      at += PIECE_BYTES;
      if (takes) continue;
      stream.once('drain', () => write(at));
      return;
    }
    stream.end();
  };
  write(0);
});
server.listen(0, '127.0.0.1', () => console.log((server.address() as AddressInfo).port));
process.stdin.on('end', () => process.exit()).resume();
