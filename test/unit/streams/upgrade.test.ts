import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { SpdySession } from '../../../lib/spdy/session.ts';
import { openSession } from '../../../node-agent/streams/upgrade.ts';

const WORDS = Buffer.alloc(60_000, 'w');

describe('a session with the runtime', () => {
  it('gives the last words of a command though somebody still types', async () => {
    const gone = Promise.withResolvers<void>();
    const server = http.createServer();
    server.on('upgrade', (_request, connection, head) => {
      connection.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\n\r\n');
      connection.on('close', gone.resolve);
      // The command says something and ends, and the runtime closes without reading on.
      const onStream: NonNullable<ConstructorParameters<typeof SpdySession>[0]['onStream']> = (stream) => {
        stream.write(WORDS, () => connection.end(() => connection.destroy()));
      };
      new SpdySession({ connection, role: 'server', head, onStream });
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    try {
      const { port } = server.address() as AddressInfo;
      const { signal } = new AbortController();
      const session = await openSession(`http://127.0.0.1:${port}/exec`, 'v4.channel.k8s.io', signal);
      const terminal = session.open({ streamtype: 'stdout' });
      await gone.promise;
      for (let key = 0; key < 20; key += 1) {
        terminal.write('x');
        await new Promise((resolve) => setImmediate(resolve));
      }
      assert.equal((await buffer(terminal)).length, WORDS.length);
      assert.equal(await session.closed, undefined);
    } finally {
      server.close();
    }
  });
});
