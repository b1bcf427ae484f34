/** Reading what comes over HTTP, whole and bounded. */
import type { Readable } from 'node:stream';

/** Rejects with an Error when the body breaks off, and when it is longer than `limit` bytes. */
export function readBody(body: Readable, limit: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const fail = (error: Error): void => {
      body.destroy();
      reject(error);
    };
    body.on('data', (chunk: Buffer) => {
      size += chunk.length;
      chunks.push(chunk);
      if (size > limit) fail(new Error(`the answer is longer than ${limit} bytes`));
    });
    body.once('end', () => resolve(Buffer.concat(chunks)));
    body.once('error', fail);
    // Both ends of an HTTP/2 stream may be done before its last bytes are read: then its end comes after its close.
    body.once('close', () => setImmediate(() => fail(new Error('the answer broke off'))));
  });
}
