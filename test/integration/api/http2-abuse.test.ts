/** Clients that misuse HTTP/2, on the real listener: what they cost is bounded, and others are served meanwhile. */
import assert from 'node:assert/strict';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type tls from 'node:tls';
import { TestServer } from '../../support/api-server.ts';
import { FLAG, FrameConnection, fields, frame, request, TYPE } from '../../support/http2-frames.ts';
import { adminAccess, RawClient } from '../../support/raw-requests.ts';

const NAMESPACES = '/api/v1/namespaces';
const MAPS = '/api/v1/namespaces/default/configmaps';
const MEGABYTE = 1 << 20;
/** The longest that others wait, on a machine that does other things too. */
const MOST_MILLISECONDS = 5_000;
/** What may stay on the heap. Attackers and server share it. */
const MOST_BYTES = 150 * MEGABYTE;

describe('a client that misuses HTTP/2', function () {
  this.timeout(60_000);
  let server: TestServer;
  let others: RawClient;
  let asAdmin: tls.ConnectionOptions;
  let asNobody: tls.ConnectionOptions;
  let open: FrameConnection[] = [];

  before(async () => {
    server = await TestServer.start({ tokens: new Map([['bob', { name: 'bob', groups: ['system:masters'] }]]) });
    others = new RawClient(await adminAccess(server));
    asAdmin = others.tls;
    const { cert: _cert, key: _key, ...anybody } = others.tls;
    asNobody = anybody;
    for (let index = 0; index < 20; index++) {
      const body = JSON.stringify({ metadata: { name: `m${index}` }, data: { a: 'x'.repeat(200_000) } });
      assert.equal(
        (await others.ask(MAPS, { method: 'POST', body, headers: { 'content-type': 'application/json' } })).code,
        201,
      );
    }
  });
  afterEach(() => {
    for (const connection of open) connection.destroy();
    open = [];
  });
  after(async () => {
    others.close();
    await server.stop();
  });

  async function connect(as = asNobody, window?: number): Promise<FrameConnection> {
    const connection = await FrameConnection.open(as, window);
    open.push(connection);
    return connection;
  }

  /** Somebody else asks for something all the while, and is answered in time. */
  async function whileOthersAreServed(attack: () => Promise<void>): Promise<void> {
    let isOver = false;
    const before = process.memoryUsage().heapUsed;
    const served = (async () => {
      let longest = 0;
      let count = 0;
      do {
        const begun = performance.now();
        assert.equal((await others.ask(NAMESPACES)).code, 200);
        longest = Math.max(longest, performance.now() - begun);
        count += 1;
      } while (!isOver || count < 3);
      return longest;
    })();
    await attack().finally(() => (isOver = true));
    const longest = await served;
    assert.ok(longest < MOST_MILLISECONDS, `somebody waited for ${longest.toFixed(0)} ms`);
    const grown = process.memoryUsage().heapUsed - before;
    assert.ok(grown < MOST_BYTES, `the heap grew by ${(grown / MEGABYTE).toFixed(0)} MB`);
  }

  /** Sends until the server has had enough; at most `times` times. */
  async function until(connection: FrameConnection, times: number, make: (round: number) => Buffer[]): Promise<number> {
    for (let round = 0; round < times; round++) {
      if (connection.isRefused) return round;
      await connection.write(...make(round));
      await nextTurn();
    }
    return times;
  }

  it('by resetting each request at once, is thrown out', async () => {
    const connection = await connect();
    const get = request('GET', NAMESPACES);
    const cancel = Buffer.of(0, 0, 0, 8);
    await whileOthersAreServed(async () => {
      const rounds = await until(connection, 200, (round) =>
        Array.from({ length: 100 }, (_, index) => {
          const stream = 2 * (round * 100 + index) + 1;
          const both = [
            frame(TYPE.headers, FLAG.endHeaders | FLAG.endStream, stream, get),
            frame(TYPE.reset, 0, stream, cancel),
          ];
          return Buffer.concat(both);
        }),
      );
      assert.ok(rounds < 200, `${rounds * 100} requests were begun and reset`);
    });
  });

  it('by ending watches as informers do, is served', async () => {
    const connection = await connect(asAdmin);
    const get = request('GET', `${NAMESPACES}?watch=1`);
    const cancel = Buffer.of(0, 0, 0, 8);
    for (let round = 0; round < 20; round++) {
      const streams = Array.from({ length: 100 }, (_, index) => 2 * (round * 100 + index) + 1);
      const begun = connection.count(TYPE.headers);
      await connection.write(...streams.map((id) => frame(TYPE.headers, FLAG.endHeaders | FLAG.endStream, id, get)));
      while (connection.count(TYPE.headers) < begun + 100) {
        assert.ok(!connection.isRefused, 'it was thrown out');
        await nextTurn();
      }
      await connection.write(...streams.map((id) => frame(TYPE.reset, 0, id, cancel)));
    }
    assert.ok(!connection.isRefused, 'it was thrown out');
  });

  it('by headers that never end, is thrown out', async () => {
    const connection = await connect();
    const piece = fields(Object.fromEntries(Array.from({ length: 50 }, (_, index) => [`x-${index}`, 'y'.repeat(100)])));
    await whileOthersAreServed(async () => {
      await connection.write(frame(TYPE.headers, 0, 1, request('GET', NAMESPACES)));
      const rounds = await until(connection, 5_000, () => [frame(TYPE.continuation, 0, 1, piece)]);
      assert.ok(rounds < 5_000, 'it went on for 25 MB');
      await connection.closed();
    });
  });

  it('by more headers than anybody has, is refused each time', async () => {
    const connection = await connect();
    const many = Buffer.concat([
      request('GET', NAMESPACES),
      fields(Object.fromEntries(Array.from({ length: 150 }, (_, index) => [`x-${index}`, 'y'.repeat(90)]))),
    ]);
    await whileOthersAreServed(async () => {
      const rounds = await until(connection, 300, (round) => [
        frame(TYPE.headers, FLAG.endHeaders | FLAG.endStream, 2 * round + 1, many),
      ]);
      assert.ok(rounds < 300 || connection.count(TYPE.headers) === 0, 'it was answered');
    });
  });

  for (const [what, type, payload] of [
    ['pings', TYPE.ping, Buffer.alloc(8)],
    ['settings', TYPE.settings, Buffer.alloc(0)],
  ] as const) {
    it(`by ${what} whose answers it does not read, is thrown out, or waits itself`, async () => {
      const connection = await connect();
      connection.deafen();
      const flood = Buffer.concat(Array.from({ length: 1_000 }, () => frame(type, 0, 0, payload)));
      await whileOthersAreServed(async () => {
        for (let round = 0; round < 500 && !connection.isRefused; round++) {
          const written = connection.write(flood).then(() => true);
          // When nobody reads any more, nothing is taken from it.
          if (!(await Promise.race([written, others.ask(NAMESPACES).then(() => false)]))) break;
        }
      });
    });
  }

  it('by more requests at once than were agreed, has the rest refused', async () => {
    const connection = await connect(asAdmin);
    const post = request('POST', MAPS, { 'content-type': 'application/json' });
    await whileOthersAreServed(async () => {
      // Bodies that don't come.
      const frames = Array.from({ length: 1_500 }, (_, index) =>
        frame(TYPE.headers, FLAG.endHeaders, 2 * index + 1, post),
      );
      await connection.write(...frames);
      while (connection.count(TYPE.reset) < 500 && !connection.isRefused) await nextTurn();
    });
  });

  it('by bodies that come byte by byte, keeps nobody else waiting', async () => {
    const connections = await Promise.all(Array.from({ length: 10 }, () => connect(asAdmin)));
    const post = request('POST', MAPS, { 'content-type': 'application/json' });
    const streams = Array.from({ length: 50 }, (_, index) => 2 * index + 1);
    await whileOthersAreServed(async () => {
      for (const connection of connections) {
        await connection.write(...streams.map((id) => frame(TYPE.headers, FLAG.endHeaders, id, post)));
      }
      for (let round = 0; round < 20; round++) {
        for (const connection of connections) {
          await connection.write(...streams.map((id) => frame(TYPE.data, 0, id, Buffer.from(' '))));
        }
        await nextTurn();
      }
    });
  });

  it('by asking for much and reading nothing, holds little of it', async () => {
    const connection = await connect(asAdmin, 0);
    const get = request('GET', MAPS);
    await whileOthersAreServed(async () => {
      // Four megabytes each.
      await connection.write(
        ...Array.from({ length: 200 }, (_, index) =>
          frame(TYPE.headers, FLAG.endHeaders | FLAG.endStream, 2 * index + 1, get),
        ),
      );
      while (connection.count(TYPE.headers) < 20 && !connection.isRefused) await nextTurn();
    });
    assert.equal(connection.count(TYPE.data), 0);
  });
});
