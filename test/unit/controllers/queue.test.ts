import assert from 'node:assert/strict';

import { KeyedBackoff } from '../../../lib/backoff.ts';
import { FakeClock } from '../../../lib/clock.ts';
import { KeyQueue } from '../../../lib/queue.ts';

describe('key queue', () => {
  let clock: FakeClock;
  let queue: KeyQueue;

  beforeEach(() => {
    clock = new FakeClock();
    queue = new KeyQueue({ clock });
  });

  it('hands a key out once, however often it was added', async () => {
    ['a', 'b', 'a'].forEach((key) => queue.add(key));
    assert.deepEqual([await queue.take(), await queue.take()], ['a', 'b']);
    assert.equal(queue.depth, 0);
  });

  it('brings back a key that was added while it was worked on, but not before', async () => {
    queue.add('a');
    await queue.take();
    queue.add('a');
    assert.equal(queue.depth, 0);
    queue.done('a');
    assert.equal(await queue.take(), 'a');
  });

  it('adds a delayed key once, at its earliest time', async () => {
    queue.addAfter('a', 100);
    queue.addAfter('a', 50);
    queue.addAfter('a', 70);
    clock.advance(49);
    assert.equal(queue.depth, 0);
    clock.advance(1);
    assert.equal(await queue.take(), 'a');
    queue.done('a');
    clock.advance(1000);
    assert.equal(queue.depth, 0);
  });

  it('releases everybody who waits when it is closed', async () => {
    const waiting = queue.take();
    queue.close();
    queue.add('late');
    assert.deepEqual([await waiting, await queue.take()], [undefined, undefined]);
  });
});

describe('keyed back-off', () => {
  it('grows per key up to its limit and begins anew when forgotten', () => {
    const backoff = new KeyedBackoff({ initial: 5, max: 30, factor: 2 });
    assert.deepEqual(
      [1, 2, 3, 4].map(() => backoff.next('a')),
      [5, 10, 20, 30],
    );
    assert.equal(backoff.next('b'), 5);
    backoff.forget('a');
    assert.equal(backoff.next('a'), 5);
  });
});
