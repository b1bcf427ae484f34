/** Opens a SPDY/3.1 session on one of the runtime's streaming URLs. */
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { http } from '../../lib/http.ts';
import { SpdySession } from '../../lib/spdy/session.ts';
import { LastingSocket } from './lasting-socket.ts';

const TIMEOUT_MILLISECONDS = 15_000;
const LARGEST_REFUSAL = 16 << 10;

/** `protocol` is the sub-protocol spoken on the streams, such as `v4.channel.k8s.io`. Rejects with what the server said. */
export function openSession(url: string, protocol: string, signal: AbortSignal): Promise<SpdySession> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const request = http.request(url, {
      method: 'POST',
      headers: { connection: 'Upgrade', upgrade: 'SPDY/3.1', 'x-stream-protocol-version': protocol },
      // An agent would make a connection of its own kind.
      createConnection: () => new LastingSocket().connect(Number(port), hostname),
    });
    const abort = (): void => void request.destroy(new Error('the stream was closed'));
    const timer = setTimeout(() => request.destroy(new Error('the runtime does not answer')), TIMEOUT_MILLISECONDS);
    request.on('close', () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', abort);
    });
    request.on('error', reject);
    request.on('response', (response) => {
      collect(response).then((text) => reject(new Error(`${response.statusCode} ${text}`)), reject);
    });
    request.on('upgrade', (_response, socket: Duplex, head: Buffer) => {
      clearTimeout(timer);
      signal.removeEventListener('abort', abort);
      resolve(new SpdySession({ connection: socket, role: 'client', head }));
    });
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort);
    request.end();
  });
}

async function collect(response: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of response) {
    text += String(chunk);
    if (text.length > LARGEST_REFUSAL) break;
  }
  return text.trim();
}
