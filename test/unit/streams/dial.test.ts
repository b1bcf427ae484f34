import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { dialNode } from '../../../control-plane/nodes/dial.ts';
import { CHANNEL } from '../../../api/streams.ts';
import { serveDial } from '../../../node-agent/streams/dial.ts';
import { statusOf } from '../../../node-agent/streams/status.ts';
import { pairedTunnels } from '../../support/paired-tunnels.ts';

/** The server's end and the agent's end of a dialled connection, over tunnels of this process. */
describe('a connection dialled through an agent', () => {
  const never = new AbortController().signal;
  let listener: Server;
  let port: number;

  before(async () => {
    // Says back what it hears, in capitals, once the other side has ended.
    listener = createServer({ allowHalfOpen: true }, (socket) => {
      void buffer(socket).then((heard) => socket.end(heard.toString().toUpperCase()));
    });
    await once(listener.listen(0, '127.0.0.1'), 'listening');
    ({ port } = listener.address() as AddressInfo);
  });
  after(() => listener.close());

  const tunnels = pairedTunnels(async (wanted, end) => {
    const dialing = { own: () => ['127.0.0.1'], web: { host: '127.0.0.1', port } };
    try {
      if (wanted.kind === 'dial') await serveDial(wanted, { holds: () => false }, dialing, end);
    } catch (error) {
      await end.send(CHANNEL.error, statusOf(error)).catch(() => undefined);
    }
  });

  it('carries both ways, each of which ends by itself', async () => {
    for (const address of ['127.0.0.1', '']) {
      const connection = await dialNode(tunnels, { node: 'n', address, port }, never);
      const text = 'hello '.repeat(100_000);
      connection.end(text);
      assert.equal((await buffer(connection)).toString(), text.toUpperCase());
    }
  });

  it('is refused when nobody listens, or the address is not held by the node', async () => {
    const closed = createServer();
    await once(closed.listen(0, '127.0.0.1'), 'listening');
    const free = (closed.address() as AddressInfo).port;
    closed.close();
    await once(closed, 'close');
    const dial = (address: string, at: number) => dialNode(tunnels, { node: 'n', address, port: at }, never);
    await assert.rejects(dial('127.0.0.1', free), { reason: 'ServiceUnavailable', message: /ECONNREFUSED/ });
    await assert.rejects(dial('10.1.2.3', port), { message: /no pod of this node has the address 10\.1\.2\.3/ });
  });

  it('is closed by its signal', async () => {
    const ending = new AbortController();
    const accepted = once(listener, 'connection');
    const connection = await dialNode(tunnels, { node: 'n', address: '127.0.0.1', port }, ending.signal);
    await accepted;
    const closed = buffer(connection);
    ending.abort();
    assert.equal((await closed).length, 0);
  });
});
