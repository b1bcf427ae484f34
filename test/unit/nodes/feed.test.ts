import assert from 'node:assert/strict';
import { Feed } from '../../../control-plane/nodes/feed.ts';
import type { ServerMessage } from '../../../lib/link/proto.ts';
import { asReceived } from './wire.ts';

/** A stream that takes messages until told not to, and the objects that can be looked up. */
function setUp() {
  const objects = new Map<string, string>();
  const sent: ServerMessage[] = [];
  const stream = { isOpen: true };
  const feed = new Feed({
    lookup: (_, key) => (objects.has(key) ? Buffer.from(objects.get(key) ?? '') : undefined),
    send(message) {
      sent.push(asReceived(message));
      return stream.isOpen;
    },
  });
  const names = (): string[] =>
    sent.flatMap(({ changes }) => changes?.changes.map(({ key, object }) => `${key}=${object.toString()}`) ?? []);
  return { objects, sent, stream, feed, names };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('an agent’s feed', () => {
  it('sends the whole state, then says that it is complete', async () => {
    const { feed, objects, sent, names } = setUp();
    objects.set('a', '1').set('b', '2');
    feed.touch('pods', 'a');
    feed.touch('services', 'b');
    await turn();
    assert.deepEqual(names(), ['a=1', 'b=2']);
    assert.deepEqual(
      sent.map(({ changes }) => changes?.complete),
      [true],
    );
  });

  it('says that an empty state is complete, once', async () => {
    const { feed, sent, objects } = setUp();
    feed.schedule();
    await turn();
    objects.set('a', '1');
    feed.touch('pods', 'a');
    await turn();
    assert.deepEqual(
      sent.map(({ changes }) => changes?.complete),
      [true, false],
    );
  });

  it('sends the newest state of what changed while the agent was slow, not the history', async () => {
    const { feed, objects, stream, names } = setUp();
    stream.isOpen = false;
    feed.schedule();
    await turn();
    for (let version = 1; version <= 1000; version += 1) {
      objects.set('a', String(version));
      feed.touch('pods', 'a');
      await turn();
    }
    assert.deepEqual(names(), []);
    stream.isOpen = true;
    feed.resume();
    assert.deepEqual(names(), ['a=1000']);
  });

  it('sends an empty object for what is gone', async () => {
    const { feed, names } = setUp();
    feed.touch('pods', 'gone');
    await turn();
    assert.deepEqual(names(), ['gone=']);
  });

  it('splits a large state into messages that a connection takes', async () => {
    const { feed, objects, sent } = setUp();
    for (let at = 0; at < 5; at += 1) {
      objects.set(`object-${at}`, 'x'.repeat(400_000));
      feed.touch('pods', `object-${at}`);
    }
    await turn();
    assert.deepEqual(
      sent.map(({ changes }) => changes?.changes.length),
      [2, 2, 1],
    );
    assert.deepEqual(
      sent.map(({ changes }) => changes?.complete),
      [false, false, true],
    );
  });

  it('is silent once closed', async () => {
    const { feed, sent, objects } = setUp();
    objects.set('a', '1');
    feed.touch('pods', 'a');
    feed.close();
    await turn();
    assert.deepEqual(sent, []);
  });
});
