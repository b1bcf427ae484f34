import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { LastingSocket } from '../../../node-agent/streams/lasting-socket.ts';

/** More than a socket takes in by itself, less than the kernel keeps for it. */
const WORDS = Buffer.alloc(120_000, 'w');

describe('a lasting socket', () => {
  let server: net.Server;

  beforeEach(async () => {
    // Says everything and closes at once, as a container runtime does when a command has ended.
    server = net.createServer((peer) => void peer.end(WORDS, () => peer.destroy()));
    await once(server.listen(0, '127.0.0.1'), 'listening');
  });
  afterEach(() => void server.close());

  /** Writes to a peer that is gone, for longer than the kernel needs to find out. */
  async function typeOn(socket: Socket): Promise<void> {
    const gone = once(server, 'connection').then(([peer]) => once(peer as Socket, 'close'));
    socket.on('error', () => undefined);
    socket.connect((server.address() as AddressInfo).port, '127.0.0.1');
    socket.pause();
    await Promise.all([once(socket, 'connect'), gone]);
    for (let key = 0; key < 20; key += 1) {
      socket.write('x');
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  it('gives all that was said before the other end closed, though writing has failed', async () => {
    const socket = new LastingSocket();
    await typeOn(socket);
    const words = buffer(socket);
    socket.resume();
    assert.equal((await words).length, WORDS.length);
  });

  it('is needed: an ordinary one loses it', async () => {
    const socket = new net.Socket();
    await typeOn(socket);
    assert.equal(socket.destroyed, true);
  });
});
