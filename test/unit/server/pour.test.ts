import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import fc from 'fast-check';
import { pour, type Pieces, type Sink } from '../../../control-plane/http/pour.ts';

/** Reads what it was given only when it takes it, as late as it is told to. */
class SlowSink extends EventEmitter implements Sink {
  readonly taken: Buffer[] = [];
  readonly sizes: number[] = [];
  readonly waiting: (() => void)[] = [];
  isEnded = false;

  write(bytes: Uint8Array, taken: () => void): void {
    this.sizes.push(bytes.length);
    this.waiting.push(() => {
      this.taken.push(Buffer.from(bytes));
      taken();
    });
    this.emit('written');
  }

  end(bytes: Uint8Array): void {
    for (const take of this.waiting.splice(0)) take();
    this.taken.push(Buffer.from(bytes));
    this.isEnded = true;
    this.emit('written');
  }

  /** Takes what waits, the oldest first, until the end. */
  async drain(): Promise<void> {
    while (!this.isEnded) {
      const take = this.waiting.shift();
      if (take) take();
      else await once(this, 'written');
      // Whoever waited for it goes on in a microtask.
      await Promise.resolve();
    }
  }
}

function piecesOf(items: readonly Uint8Array[], more: Partial<Pieces> = {}): Pieces {
  const size = items.reduce((sum, { length }) => sum + length, 0);
  return { start: Buffer.from('['), count: items.length, at: (index) => items[index]!, size, ...more };
}

const text = fc.uint8Array({ maxLength: 5_000 });
const large = fc.nat({ max: 200_000 }).map((size) => new Uint8Array(size).fill(size % 251));
const never = new AbortController().signal;

describe('pouring pieces', () => {
  it('writes all of them in order, however many, however large, and whatever was said of their size', async () => {
    const items = fc.array(fc.oneof({ weight: 4, arbitrary: text }, large), { maxLength: 60 });
    await fc.assert(
      fc.asyncProperty(items, fc.nat({ max: 300_000 }), fc.boolean(), async (pieces, size, isSeparated) => {
        const sink = new SlowSink();
        const shown: Uint8Array[] = [];
        const separator = Buffer.from(',');
        const around = { size, end: Buffer.from(']'), ...(isSeparated ? { separator } : {}) };
        const onPiece = (piece: Uint8Array): number => shown.push(Uint8Array.from(piece));
        await Promise.all([pour(piecesOf(pieces, around), sink, { signal: never, onPiece }), sink.drain()]);
        const between = pieces.flatMap((piece, index) => (isSeparated && index > 0 ? [separator, piece] : [piece]));
        const expected = Buffer.concat([Buffer.from('['), ...between, Buffer.from(']')]);
        assert.ok(Buffer.concat(sink.taken).equals(expected));
        assert.ok(Buffer.concat(shown).equals(expected));
      }),
      { numRuns: 50 },
    );
  });

  it('writes many small pieces as few large ones', async () => {
    const sink = new SlowSink();
    const items = Array.from({ length: 1000 }, () => Buffer.alloc(1000));
    await Promise.all([pour(piecesOf(items), sink, { signal: never }), sink.drain()]);
    assert.ok(sink.sizes.length < 20, `${sink.sizes.length} writes`);
  });

  it('asks for no more than is taken', async () => {
    const sink = new SlowSink();
    let asked = 0;
    const at = (): Buffer => {
      asked += 1;
      return Buffer.alloc(10_000);
    };
    const pouring = pour(piecesOf([], { count: 1000, at, size: 10_000_000 }), sink, { signal: never });
    while (sink.waiting.length < 2) await once(sink, 'written');
    assert.ok(asked <= 14, `${asked} pieces were asked for`);
    await Promise.all([pouring, sink.drain()]);
    assert.equal(asked, 1000);
  });

  it('ends with the reason of who gives up, also when nothing is taken any more', async () => {
    for (const size of [1, 1_000_000]) {
      const sink = new SlowSink();
      const items = Array.from({ length: 100 }, () => Buffer.alloc(10_000));
      const giving = new AbortController();
      const pouring = pour(piecesOf(items, { size }), sink, { signal: giving.signal });
      while (sink.waiting.length === 0) await once(sink, 'written');
      giving.abort(new Error('the client has gone'));
      await assert.rejects(pouring, /the client has gone/);
      assert.ok(!sink.isEnded);
    }
  });
});
