import assert from 'node:assert/strict';
import fc from 'fast-check';
import { Batcher, type BatchItem } from '../../../control-plane/storage/etcd/batcher.ts';
import { UnavailableError } from '../../../control-plane/storage/port.ts';
import { FakeClock } from '../../../lib/clock.ts';

interface Commit {
  readonly items: readonly BatchItem[];
  answer(): void;
  fail(error: Error): void;
}

function build(limits = {}): { commits: Commit[]; batcher: Batcher<BatchItem, string>; clock: FakeClock } {
  const clock = new FakeClock();
  const commits: Commit[] = [];
  const commit = (items: readonly BatchItem[]): Promise<string[]> =>
    new Promise((resolve, reject) => {
      commits.push({ items, answer: () => resolve(items.map(({ key }) => key)), fail: reject });
    });
  return { commits, clock, batcher: new Batcher({ commit, clock, limits }) };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const item = (key: string, size = 1): BatchItem => ({ key, size });

describe('write batcher', () => {
  it('sends what comes in one turn at once and collects while that is under way', async () => {
    const { commits, batcher } = build();
    const first = [batcher.add(item('a')), batcher.add(item('b'))];
    await turn();
    const later = [batcher.add(item('c')), batcher.add(item('d'))];
    await turn();
    assert.deepEqual(
      commits.map(({ items }) => items.map(({ key }) => key)),
      [['a', 'b']],
    );
    commits[0]?.answer();
    assert.deepEqual(await Promise.all(first), ['a', 'b']);
    await turn();
    commits[1]?.answer();
    assert.deepEqual(await Promise.all(later), ['c', 'd']);
  });

  it('sends full batches side by side, up to a number', async () => {
    const { commits, batcher } = build({ full: 2, items: 2, inFlight: 3 });
    const added = Array.from({ length: 9 }, (_, i) => batcher.add(item(String(i))));
    await turn();
    assert.equal(commits.length, 3);
    for (let i = 0; i < 5; i++) {
      commits[i]?.answer();
      await turn();
    }
    assert.equal((await Promise.all(added)).length, 9);
  });

  it('lets others pass a batch that hangs, but not writes of its keys, and only up to a number', async () => {
    const { commits, clock, batcher } = build({ late: 100, inFlight: 2 });
    const keysOf = (): string[] => commits.map(({ items }) => items.map(({ key }) => key).join());
    const hung = assert.rejects(batcher.add(item('a')), /hung/);
    await turn();
    const all = [batcher.add(item('a', 2)), batcher.add(item('b')), batcher.add(item('c'))];
    await turn();
    clock.advance(99);
    await turn();
    assert.deepEqual(keysOf(), ['a']);
    clock.advance(1);
    await turn();
    assert.deepEqual(keysOf(), ['a', 'b,c']);
    all.push(batcher.add(item('d')));
    await turn();
    clock.advance(1000);
    await turn();
    assert.deepEqual(keysOf(), ['a', 'b,c']);
    commits[1]?.answer();
    await turn();
    clock.advance(100);
    await turn();
    assert.deepEqual(keysOf(), ['a', 'b,c', 'd']);
    commits[0]?.fail(new Error('hung'));
    commits[2]?.answer();
    await turn();
    assert.equal(commits[3]?.items[0]?.size, 2);
    commits[3]?.answer();
    await hung;
    assert.deepEqual(await Promise.all(all), ['a', 'b', 'c', 'd']);
  });

  it('fails only the writes of the batch that failed', async () => {
    const { commits, batcher } = build();
    const first = batcher.add(item('a'));
    await turn();
    const second = batcher.add(item('b'));
    commits[0]?.fail(new Error('lost'));
    await assert.rejects(first, /lost/);
    await turn();
    commits[1]?.answer();
    assert.equal(await second, 'b');
  });

  it('refuses more than may wait', async () => {
    const { commits, batcher } = build({ waiting: 2 });
    const kept = [batcher.add(item('a')), batcher.add(item('b'))];
    await assert.rejects(batcher.add(item('c')), UnavailableError);
    await turn();
    commits[0]?.answer();
    await Promise.all(kept);
  });

  it('keeps to its limits, never puts a key twice in a batch and answers everyone in the order of each key', async () => {
    const limits = { items: 5, bytes: 20, inFlight: 2, full: 3 };
    const items = fc.array(
      fc.record({ key: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'), size: fc.nat({ max: 30 }) }),
    );
    await fc.assert(
      fc.asyncProperty(items, async (all) => {
        const { commits, batcher } = build(limits);
        const added = Promise.all(all.map((each) => batcher.add(each)));
        await turn();
        for (let i = 0; i < commits.length; i++) {
          commits[i]?.answer();
          await turn();
        }
        await added;
        for (const { items: batch } of commits) {
          assert.equal(new Set(batch.map(({ key }) => key)).size, batch.length);
          assert.ok(batch.length <= limits.items);
          assert.ok(batch.length === 1 || batch.reduce((sum, { size }) => sum + size, 0) <= limits.bytes);
        }
        const sent = commits.flatMap(({ items: batch }) => batch);
        for (const key of ['a', 'b', 'c', 'd', 'e', 'f']) {
          assert.deepEqual(
            sent.filter((each) => each.key === key),
            all.filter((each) => each.key === key),
          );
        }
      }),
      { numRuns: 50 },
    );
  });
});
