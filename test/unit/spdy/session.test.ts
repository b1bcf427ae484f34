import assert from 'node:assert/strict';
import { once } from 'node:events';
import { duplexPair } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { deflateSync, constants } from 'node:zlib';
import fc from 'fast-check';
import { HEADER_DICTIONARY } from '../../../lib/spdy/dictionary.ts';
import {
  FrameDecoder,
  encodeDataHeader,
  encodeGoAway,
  encodePing,
  encodeReset,
  encodeSettings,
  encodeSynReply,
  encodeSynStream,
  encodeWindowUpdate,
  type Frame,
} from '../../../lib/spdy/frames.ts';
import { HeaderReader, HeaderWriter, MAX_HEADER_BLOCK } from '../../../lib/spdy/headers.ts';
import { SpdySession } from '../../../lib/spdy/session.ts';
import type { SpdyStream } from '../../../lib/spdy/stream.ts';

function sessionPair(onStream: (stream: SpdyStream) => void, maxStreams?: number): [SpdySession, SpdySession] {
  const [left, right] = duplexPair();
  return [
    new SpdySession({ connection: left, role: 'client' }),
    new SpdySession({ connection: right, role: 'server', onStream, ...(maxStreams ? { maxStreams } : {}) }),
  ];
}

/** A peer that is nothing but its bytes. */
function rawPeer(role: 'client' | 'server', onStream?: (stream: SpdyStream) => void, grantWindows = false) {
  const [ours, theirs] = duplexPair();
  const session = new SpdySession({ connection: ours, role, grantWindows, ...(onStream ? { onStream } : {}) });
  const decoder = new FrameDecoder();
  const frames: Frame[] = [];
  let wake: () => void = () => undefined;
  theirs.on('data', (chunk: Buffer) => {
    frames.push(...decoder.push(chunk));
    wake();
  });
  const next = async <T extends Frame['type']>(type: T): Promise<Extract<Frame, { type: T }>> => {
    for (;;) {
      const at = frames.findIndex((frame) => frame.type === type);
      if (at >= 0) return frames.splice(at, 1)[0] as Extract<Frame, { type: T }>;
      await new Promise<void>((resolve) => (wake = resolve));
    }
  };
  return { session, theirs, frames, next };
}

function dataFrame(id: number, data: Buffer, fin = false): Buffer {
  return Buffer.concat([encodeDataHeader(id, data.length, fin), data]);
}

describe('SPDY session', () => {
  it('carries streams both ways, with headers and half-closed ends', async () => {
    const [client, server] = sessionPair((stream) => {
      assert.deepEqual(stream.headers, { streamtype: 'stdin', port: '80' });
      void buffer(stream).then((data) => stream.end(Buffer.concat([Buffer.from('got '), data])));
    });
    const stream = client.open({ streamType: 'stdin', port: '80' });
    stream.end('hello');
    assert.equal(String(await buffer(stream)), 'got hello');
    client.close();
    assert.equal(await client.closed, undefined);
    assert.equal(await server.closed, undefined);
  });

  it('reads the headers of many streams in order, compressed as one', async () => {
    const seen: string[] = [];
    const [client, server] = sessionPair((stream) => seen.push(stream.headers['n'] ?? ''));
    const streams = Array.from({ length: 50 }, (_, n) => client.open({ n: String(n), padding: 'x'.repeat(n) }));
    assert.equal(streams.at(-1)?.id, 99);
    client.close();
    await server.closed;
    assert.deepEqual(
      seen,
      Array.from({ length: 50 }, (_, n) => String(n)),
    );
  });

  it('carries more than a window to a peer without flow control, waiting for a slow reader', async () => {
    const size = 5 << 20;
    let most = 0;
    const received = new Promise<number>((resolve) => {
      sessionPair((stream) => {
        let total = 0;
        stream.on('data', (chunk: Buffer) => {
          total += chunk.length;
          most = Math.max(most, stream.readableLength);
          stream.pause();
          setImmediate(() => stream.resume());
        });
        stream.on('end', () => resolve(total));
      })[0]
        .open({})
        .end(Buffer.alloc(size, 'a'));
    });
    assert.equal(await received, size);
    assert.ok(most <= 256 << 10, `${most} bytes were held`);
  });

  it('accepts a stream before it sends any data on it', async () => {
    const { theirs, frames, next } = rawPeer('server', (stream) => stream.end('first'));
    theirs.write(encodeSynStream(1, false, new HeaderWriter().write({ streamtype: 'stdout' })));
    await next('data');
    assert.equal(frames[0]?.type, 'synReply');
  });

  it('understands headers compressed with the dictionary', async () => {
    const opened = new Promise<SpdyStream>((resolve) => {
      const text = Buffer.concat([Buffer.from([0, 0, 0, 1, 0, 0, 0, 10]), Buffer.from('streamtype')]);
      const block = Buffer.concat([text, Buffer.from([0, 0, 0, 5]), Buffer.from('error')]);
      const options = { dictionary: HEADER_DICTIONARY, finishFlush: constants.Z_SYNC_FLUSH };
      rawPeer('server', resolve).theirs.write(encodeSynStream(1, false, deflateSync(block, options)));
    });
    assert.deepEqual((await opened).headers, { streamtype: 'error' });
  });

  it('keeps to the window once the peer shows that it has one', async () => {
    const { session, theirs, next, frames } = rawPeer('client');
    theirs.write(encodeSettings(10));
    theirs.write(encodePing(2));
    await next('ping');
    const stream = session.open({});
    stream.end('0123456789abcdef');
    assert.equal(String((await next('data')).data), '0123456789');
    theirs.write(encodePing(4));
    await next('ping');
    assert.equal(frames.filter((frame) => frame.type === 'data').length, 0);
    theirs.write(encodeWindowUpdate(stream.id, 100));
    assert.equal(String((await next('data')).data), 'abcdef');
    assert.equal((await next('data')).fin, true);
  });

  it('opens the window of a peer as its data is read', async () => {
    const streams: SpdyStream[] = [];
    const { theirs, next, frames } = rawPeer('server', (stream) => streams.push(stream), true);
    theirs.write(encodeSynStream(1, false, new HeaderWriter().write({})));
    theirs.write(dataFrame(1, Buffer.alloc(60 << 10)));
    theirs.write(encodePing(1));
    await next('ping');
    assert.equal(frames.filter((frame) => frame.type === 'windowUpdate').length, 0);
    streams[0]?.resume();
    assert.equal((await next('windowUpdate')).delta, 60 << 10);
  });

  it('tells nothing of windows to a peer that has none', async () => {
    const streams: SpdyStream[] = [];
    const { theirs, next, frames } = rawPeer('server', (stream) => streams.push(stream.resume()));
    theirs.write(encodeSynStream(1, false, new HeaderWriter().write({})));
    theirs.write(dataFrame(1, Buffer.alloc(300 << 10)));
    theirs.write(encodePing(1));
    await next('ping');
    assert.equal(frames.filter((frame) => frame.type === 'windowUpdate').length, 0);
  });

  it('answers pings, and no answers', async () => {
    const { theirs, next, frames } = rawPeer('server', () => undefined);
    theirs.write(Buffer.concat([encodePing(2), encodePing(7)]));
    assert.deepEqual(await next('ping'), { type: 'ping', id: 7 });
    assert.deepEqual(frames, []);
  });

  it('refuses more streams than it may have', async () => {
    const opened: SpdyStream[] = [];
    const [client] = sessionPair((stream) => opened.push(stream), 2);
    const streams = [client.open({}), client.open({}), client.open({})];
    streams[2]?.resume();
    await once(streams[2] as SpdyStream, 'end');
    assert.match(String(streams[2]?.failure), /status 3/);
    assert.equal(opened.length, 2);
  });

  it('lets what was received before a reset be read', async () => {
    const streams: SpdyStream[] = [];
    const { theirs, next } = rawPeer('server', (stream) => streams.push(stream));
    theirs.write(encodeSynStream(1, false, new HeaderWriter().write({})));
    theirs.write(Buffer.concat([dataFrame(1, Buffer.from('all of it')), encodeReset(1, 5), encodePing(1)]));
    await next('ping');
    const [stream] = streams;
    assert.ok(stream?.failure);
    assert.equal(String(await buffer(stream)), 'all of it');
    stream.end('into the void');
    await once(stream, 'close');
  });

  it('tells the streams when the connection breaks', async () => {
    const { session, theirs } = rawPeer('client');
    const stream = session.open({});
    stream.resume();
    const ended = once(stream, 'end');
    theirs.destroy();
    await ended;
    assert.match(String(stream.failure), /session ended/);
    await session.closed;
    assert.throws(() => session.open({}), /closed/);
  });

  it('opens nothing after the peer said that it goes away', async () => {
    const { session, theirs, next } = rawPeer('client');
    const stream = session.open({});
    theirs.write(Buffer.concat([encodeGoAway(1, 0), encodePing(2)]));
    await next('ping');
    assert.throws(() => session.open({}), /closed/);
    stream.end('still open');
    assert.equal(String((await next('data')).data), 'still open');
  });

  it('ends on streams that the peer may not open', async () => {
    for (const ids of [[2], [3, 1], [0]]) {
      const { session, theirs, next } = rawPeer('server', () => undefined);
      const writer = new HeaderWriter();
      for (const id of ids) theirs.write(encodeSynStream(id, false, writer.write({})));
      assert.equal((await next('goAway')).status, 1);
      assert.match(String(await session.closed), /may not open stream/);
    }
  });

  it('bounds headers, also when they are small before they are decompressed', async () => {
    const bomb = deflateSync(Buffer.alloc(MAX_HEADER_BLOCK * 20), { dictionary: HEADER_DICTIONARY });
    const { session, theirs } = rawPeer('server', () => undefined);
    theirs.write(encodeSynStream(1, false, bomb));
    assert.match(String(await session.closed), /more than 65536 bytes/);
    const reader = new HeaderReader();
    await assert.rejects(reader.read(bomb), { name: 'SpdyProtocolError' });
    await assert.rejects(reader.read(new HeaderWriter().write({})), { name: 'SpdyProtocolError' });
  });

  it('bounds control frames', async () => {
    const { session, theirs } = rawPeer('server', () => undefined);
    theirs.write(Buffer.from([0x80, 3, 0, 1, 0, 0xff, 0xff, 0xff]));
    assert.match(String(await session.closed), /control frame of 16777215 bytes/);
  });

  it('survives any bytes', async () => {
    const writer = () => new HeaderWriter();
    const frame = fc.oneof(
      fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes)),
      fc
        .tuple(fc.nat(8), fc.uint8Array({ maxLength: 30 }))
        .map(([id, block]) => encodeSynStream(id, false, Buffer.from(block))),
      fc.nat(8).map((id) => encodeSynStream(id, true, writer().write({ a: 'b' }))),
      fc.nat(8).map((id) => encodeSynReply(id, writer().write({}))),
      fc.tuple(fc.nat(8), fc.nat(9)).map(([id, status]) => encodeReset(id, status)),
      fc
        .tuple(fc.nat(8), fc.uint8Array({ maxLength: 20 }), fc.boolean())
        .map(([id, data, fin]) => dataFrame(id, Buffer.from(data), fin)),
      fc.tuple(fc.nat(8), fc.nat()).map(([id, delta]) => encodeWindowUpdate(id, delta)),
      fc.nat().map(encodeSettings),
      fc
        .tuple(fc.nat(12), fc.nat(255), fc.uint8Array({ maxLength: 20 }))
        .map(([type, flags, body]) => Buffer.from([0x80, 3, 0, type, flags, 0, 0, body.length, ...body])),
    );
    const property = fc.asyncProperty(fc.array(frame, { maxLength: 12 }), fc.nat(50), async (parts, cut) => {
      const { session, theirs } = rawPeer('server', (stream) => stream.resume().end('x'));
      const bytes = Buffer.concat(parts);
      theirs.write(bytes.subarray(0, cut));
      theirs.end(bytes.subarray(cut));
      await session.closed;
    });
    await fc.assert(property, { numRuns: 300 });
  });
});

describe('SPDY frames', () => {
  it('come out of the decoder the same however they are cut', () => {
    const bytes = Buffer.concat([
      encodeSynStream(1, true, Buffer.from('block')),
      dataFrame(1, Buffer.from('some data'), true),
      encodeWindowUpdate(1, 5),
      encodeGoAway(3, 0),
    ]);
    const whole = decodeAll([bytes]);
    fc.assert(
      fc.property(fc.array(fc.nat(bytes.length)), (cuts) => {
        const ends = [...cuts.toSorted((a, b) => a - b), bytes.length];
        assert.deepEqual(decodeAll(ends.map((end, at) => bytes.subarray(ends[at - 1] ?? 0, end))), whole);
      }),
    );
  });

  /** Pieces of one DATA frame joined again. */
  function decodeAll(chunks: Buffer[]): Frame[] {
    const decoder = new FrameDecoder();
    const joined: Frame[] = [];
    for (const frame of chunks.flatMap((chunk) => [...decoder.push(chunk)])) {
      const before = joined.at(-1);
      if (frame.type !== 'data' || before?.type !== 'data') joined.push(structuredCloneFrame(frame));
      else joined[joined.length - 1] = { ...frame, data: Buffer.concat([before.data, frame.data]) };
    }
    return joined;
  }

  function structuredCloneFrame(frame: Frame): Frame {
    return frame.type === 'data' ? { ...frame, data: Buffer.from(frame.data) } : frame;
  }

  it('have the dictionary that the specification has', () => {
    const checksum = deflateSync('x', { dictionary: HEADER_DICTIONARY }).readUInt32BE(2);
    assert.equal(checksum, 0xe3c6a7c2);
  });
});
