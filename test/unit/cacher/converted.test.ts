import assert from 'node:assert/strict';
import type { KubeObject } from '../../../api/object.ts';
import { internalError } from '../../../api/errors.ts';
import { ConvertedCache, type Convert } from '../../../control-plane/cacher/converted.ts';
import type { ServedCache, WatchEvent } from '../../../control-plane/cacher/port.ts';
import { type Fixture, type Item, started, write } from './fixture.ts';

/** The other version says what the stored one calls `data.value` in upper case. */
const shout = (object: KubeObject): Item => ({
  ...object,
  apiVersion: 'v2',
  data: { value: ((object as Item).data?.['value'] ?? '').toUpperCase() },
});
const sync: Convert<Item> = (objects) => objects.map(shout);

function follow(cache: ServedCache<Item>, matches: (object: Item) => boolean, count: number) {
  const events: WatchEvent<Item>[] = [];
  const done = Promise.withResolvers<void>();
  let error: Error | undefined;
  const handle = cache.watch({
    after: undefined,
    namespace: undefined,
    matches,
    onEvent: (event) => {
      if (events.push(event) === count) done.resolve();
    },
    onBookmark: () => {},
    onEnd: (why) => {
      error = why;
      done.resolve();
    },
  });
  return { events, handle, done: done.promise, error: () => error };
}

const told = (events: readonly WatchEvent<Item>[]) =>
  events.map(({ type, entry }) => `${type} ${entry.key} ${entry.object.data?.['value']}`);

describe('a converted cache', () => {
  let fixture: Fixture;
  beforeEach(async () => {
    fixture = await started();
  });
  afterEach(() => fixture.cache.stop());

  const converted = (convert: Convert<Item>) => new ConvertedCache<Item>({ source: fixture.cache, convert });

  it('converts and encodes an object once for all who read it', async () => {
    let calls = 0;
    const cache = converted((objects) => {
      calls += objects.length;
      return sync(objects) as Item[];
    });
    await write(fixture.store, 'a/x', 'one');
    await cache.whenFresh();
    const first = await cache.get('a/x');
    assert.equal(JSON.parse(first!.bytes.toString()).data.value, 'ONE');
    assert.equal(first!.object.metadata.resourceVersion, String(first!.revision));
    const [listed] = await cache.list('a');
    assert.equal(listed!.bytes, first!.bytes);
    assert.equal(calls, 1);
  });

  it('hands on the stored bytes of what is already in that version', async () => {
    const cache = converted((objects) => objects as readonly Item[]);
    await write(fixture.store, 'a/x', 'one');
    await cache.whenFresh();
    assert.equal((await cache.get('a/x'))!.bytes, fixture.cache.get('a/x')!.bytes);
  });

  for (const [name, convert] of [
    ['at once', sync],
    ['later', (objects: readonly KubeObject[]) => Promise.resolve().then(() => sync(objects))],
  ] as [string, Convert<Item>][]) {
    it(`asks selectors of converted objects when they are converted ${name}`, async () => {
      const cache = converted(convert);
      await write(fixture.store, 'a/x', 'no');
      await write(fixture.store, 'a/y', 'yes');
      await cache.whenFresh();
      const first = Promise.withResolvers<void>();
      const seen = follow(
        cache,
        ({ metadata, data }) => {
          if (metadata.name === 'y') first.resolve();
          return data?.['value'] === 'YES';
        },
        5,
      );
      await first.promise;
      for (const value of ['yes', 'no', 'yes', null]) await write(fixture.store, 'a/x', value);
      await seen.done;
      assert.deepEqual(told(seen.events), [
        'ADDED a/y YES',
        'ADDED a/x YES',
        'DELETED a/x YES',
        'ADDED a/x YES',
        'DELETED a/x YES',
      ]);
      for (const { type, entry, frame } of seen.events.map((event) => ({ ...event, frame: event.frame() }))) {
        const { object, ...rest } = JSON.parse(frame.toString()) as { type: string; object: Item };
        assert.deepEqual([rest.type, object.apiVersion], [type, 'v2']);
        assert.equal(object.metadata.resourceVersion, String(entry.revision));
      }
      seen.handle.close();
    });
  }

  it('shares the frames of events between watchers', async () => {
    const cache = converted(sync);
    const one = follow(cache, () => true, 1);
    const two = follow(cache, () => true, 1);
    await write(fixture.store, 'a/x', 'one');
    await Promise.all([one.done, two.done]);
    assert.equal(one.events[0]!.frame(), two.events[0]!.frame());
    one.handle.close();
    two.handle.close();
  });

  it('ends a watch whose objects cannot be converted, with the reason', async () => {
    const cache = converted(() => Promise.reject(internalError(new Error('the webhook is away'))));
    await write(fixture.store, 'a/x', 'one');
    await cache.whenFresh();
    const seen = follow(cache, () => true, 1);
    await seen.done;
    assert.match(String(seen.error()?.message), /the webhook is away/);
    await assert.rejects(async () => cache.list(undefined), /the webhook is away/);
  });
});
