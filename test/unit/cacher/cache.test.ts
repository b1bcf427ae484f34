import assert from 'node:assert/strict';
import type { KubeObject } from '../../../api/object.ts';
import { isStatusError } from '../../../api/errors.ts';
import { build, PREFIX, settle, started, Watcher, write } from './fixture.ts';

describe('watch cache', () => {
  it('holds what the store holds, with the resourceVersion in object and bytes', async () => {
    const { store, cache } = build();
    const revision = await write(store, 'a/x', '1');
    await cache.start();
    const entry = cache.get('a/x');
    assert.equal(entry?.object.metadata.resourceVersion, String(revision));
    assert.deepEqual(JSON.parse(entry?.bytes.toString() ?? ''), entry?.object);
    assert.equal(cache.view.synced, true);
    assert.equal(cache.view.get('a/x'), entry?.object);
  });

  it('lists in the order of keys, by namespace, in copies that do not change', async () => {
    const { store, cache } = await started();
    for (const key of ['b/1', 'a/2', 'a-b/1', 'a/1', 'ab/1']) await write(store, key, key);
    await cache.whenFresh();
    const keys = (namespace?: string): string[] => cache.list(namespace).map(({ key }) => key);
    assert.deepEqual(keys(), ['a-b/1', 'a/1', 'a/2', 'ab/1', 'b/1']);
    assert.deepEqual(keys('a'), ['a/1', 'a/2']);
    const before = cache.list(undefined);
    await write(store, 'a/1', null);
    await write(store, 'a/0', 'new');
    await cache.whenFresh();
    assert.deepEqual(
      before.map(({ key }) => key),
      ['a-b/1', 'a/1', 'a/2', 'ab/1', 'b/1'],
    );
    assert.deepEqual(keys('a'), ['a/0', 'a/2']);
  });

  it('fills itself from many pages', async () => {
    const { store, cache } = build();
    await Promise.all(Array.from({ length: 2500 }, (_, i) => write(store, `n/${i}`, 'x')));
    await cache.start();
    assert.equal(cache.list('n').length, 2500);
  });

  it('starts a watch without a revision with the present state', async () => {
    const { store, cache } = await started();
    await write(store, 'a/x', '1');
    await write(store, 'b/y', '2');
    await cache.whenFresh();
    const all = new Watcher(cache);
    const one = new Watcher(cache, { namespace: 'b' });
    await settle();
    await write(store, 'b/z', '3');
    await cache.whenFresh();
    assert.deepEqual(all.told, ['ADDED a/x=1', 'ADDED b/y=2', 'ADDED b/z=3']);
    assert.deepEqual(one.told, ['ADDED b/y=2', 'ADDED b/z=3']);
  });

  it('tells a selective watcher that objects come into its sight and leave it', async () => {
    const { store, cache } = await started();
    const reds = new Watcher(cache, { matches: (object) => object.metadata.labels?.['color'] === 'red' });
    await settle();
    await write(store, 'a/x', '1', 'blue');
    await write(store, 'a/x', '2', 'red');
    await write(store, 'a/x', '3', 'red');
    const left = await write(store, 'a/x', '4', 'blue');
    await write(store, 'a/x', null);
    await cache.whenFresh();
    assert.deepEqual(reds.told, ['ADDED a/x=2', 'MODIFIED a/x=3', 'DELETED a/x=3']);
    const last = reds.events[2];
    assert.equal(last?.entry.object.metadata.resourceVersion, String(left));
    assert.deepEqual(JSON.parse(last?.frame().toString() ?? ''), { type: 'DELETED', object: last?.entry.object });
  });

  it('encodes an event once for all watchers', async () => {
    const { store, cache } = await started();
    const [one, two] = [new Watcher(cache), new Watcher(cache)];
    await settle();
    await write(store, 'a/x', '1');
    await cache.whenFresh();
    assert.ok(one.events[0]?.frame() === two.events[0]?.frame());
    assert.equal(one.events[0]?.frame().at(-1), '\n'.charCodeAt(0));
  });

  it('sends the events of a shared revision again to a watch that resumes there, and of a single one not', async () => {
    const { store, cache } = await started();
    const single = await write(store, 'a/one', '1');
    const [shared] = await Promise.all([write(store, 'a/x', '1'), write(store, 'b/y', '1')]);
    await write(store, 'a/x', '2');
    await cache.whenFresh();
    const fromSingle = new Watcher(cache, { after: single });
    const fromShared = new Watcher(cache, { after: shared });
    const seesOne = new Watcher(cache, { after: shared, namespace: 'a' });
    await settle();
    assert.deepEqual(fromSingle.told, ['ADDED a/x=1', 'ADDED b/y=1', 'MODIFIED a/x=2']);
    assert.deepEqual(fromShared.told, ['ADDED a/x=1', 'ADDED b/y=1', 'MODIFIED a/x=2']);
    assert.deepEqual(seesOne.told, ['MODIFIED a/x=2']);
  });

  it('sends the last commit again after a start, as a client may have seen a part of it', async () => {
    const { store, cache } = build();
    const [shared] = await Promise.all([write(store, 'a/x', '1'), write(store, 'a/y', '1')]);
    await cache.start();
    const resumed = new Watcher(cache, { after: shared });
    await settle();
    assert.deepEqual(resumed.told, ['MODIFIED a/x=1', 'MODIFIED a/y=1']);
  });

  it('reads from the store what the window does not hold any more', async () => {
    const { store, cache } = await started({ bounds: { maxCount: 2, minCount: 0 } });
    const first = await write(store, 'a/x', '0', 'red');
    await Promise.all([write(store, 'a/y', '1', 'red'), write(store, 'a/z', '1', 'blue')]);
    await write(store, 'a/x', '2', 'blue');
    await write(store, 'b/x', '3', 'red');
    await write(store, 'a/y', null);
    await write(store, 'a/x', '5', 'red');
    await cache.whenFresh();
    const isRed = ({ metadata }: KubeObject): boolean => metadata.labels?.['color'] === 'red';
    const all = new Watcher(cache, { after: first });
    const reds = new Watcher(cache, { after: first, matches: isRed, namespace: 'a' });
    const one = new Watcher(cache, { after: first, namespace: 'a', key: 'a/x' });
    for (let turn = 0; turn < 10; turn++) await settle();
    await write(store, 'a/x', '6', 'red');
    await cache.whenFresh();
    assert.deepEqual(all.told, [
      'ADDED a/y=1',
      'ADDED a/z=1',
      'MODIFIED a/x=2',
      'ADDED b/x=3',
      'DELETED a/y=1',
      'MODIFIED a/x=5',
      'MODIFIED a/x=6',
    ]);
    assert.deepEqual(reds.told, ['ADDED a/y=1', 'DELETED a/x=0', 'DELETED a/y=1', 'ADDED a/x=5', 'MODIFIED a/x=6']);
    assert.deepEqual(one.told, ['MODIFIED a/x=2', 'MODIFIED a/x=5', 'MODIFIED a/x=6']);
  });

  it('answers Expired when neither the window nor the store reaches back', async () => {
    const { store, cache } = await started({ bounds: { maxCount: 3 } });
    const revisions: number[] = [];
    for (let i = 0; i < 5; i++) revisions.push(await write(store, 'a/x', String(i)));
    await cache.whenFresh();
    await store.compact(revisions[1] ?? 0);
    const gone = new Watcher(cache, { after: revisions[0] });
    const served = new Watcher(cache, { after: revisions[1] });
    await settle();
    assert.ok(isStatusError(gone.ended?.error, 'Expired'));
    assert.deepEqual(served.told, ['MODIFIED a/x=2', 'MODIFIED a/x=3', 'MODIFIED a/x=4']);
  });

  it('keeps old events only as long as it must', async () => {
    const { store, cache, clock } = await started({ bounds: { minCount: 1, keep: 60_000 } });
    const first = await write(store, 'a/x', '0');
    await write(store, 'a/x', '1');
    await cache.whenFresh();
    clock.advance(61_000);
    const last = await write(store, 'a/x', '2');
    await cache.whenFresh();
    await store.compact(last);
    const gone = new Watcher(cache, { after: first });
    await settle();
    assert.ok(isStatusError(gone.ended?.error, 'Expired'));
  });

  it('lists again after a compaction, tells the view what differs and lets watchers start over', async () => {
    const { store, cache } = await started();
    await write(store, 'a/kept', '1');
    await write(store, 'a/gone', '1');
    await cache.whenFresh();
    const watcher = new Watcher(cache);
    const changes: string[] = [];
    cache.view.subscribe(({ type, key }) => changes.push(`${type} ${key}`));
    await settle();
    const refilled = new Promise<void>((resolve) => {
      const watch = store.watch.bind(store);
      store.watch = (...args) => {
        resolve();
        return watch(...args);
      };
    });
    await store.disconnect(async () => {
      await write(store, 'a/gone', null);
      await store.compact(await write(store, 'a/new', '1'));
    });
    await refilled;
    assert.deepEqual(changes, ['deleted a/gone', 'added a/new']);
    assert.ok(isStatusError(watcher.ended?.error, 'Expired'));
    await write(store, 'a/new', '2');
    await cache.whenFresh();
    assert.equal(cache.get('a/new')?.object.data?.['value'], '2');
  });

  it('catches up with revisions of other resources', async () => {
    const { store, cache } = await started();
    const result = await store.write({ key: '/registry/core/pods/a/x', expected: 0, value: Buffer.from('{}') });
    assert.ok(result.ok);
    assert.equal(await cache.whenFresh(), result.revision);
    await cache.waitFor(result.revision);
  });

  it('shares one question to the store among those who ask before it is sent', async () => {
    const { store, cache } = await started();
    let questions = 0;
    const revision = store.revision.bind(store);
    store.revision = () => {
      questions++;
      return revision();
    };
    await Promise.all(Array.from({ length: 50 }, () => cache.whenFresh()));
    assert.equal(questions, 1);
    const first = cache.whenFresh();
    await Promise.resolve();
    await Promise.resolve();
    const second = cache.whenFresh();
    await Promise.all([first, second]);
    assert.equal(questions, 3);
  });

  it('gives up waiting for a revision that does not come', async () => {
    const { cache, clock } = await started();
    const waiting = cache.waitFor(1000);
    clock.advance(3000);
    await assert.rejects(waiting, (error: unknown) => {
      assert.ok(isStatusError(error, 'Timeout'));
      assert.equal(error.details?.causes?.[0]?.reason, 'ResourceVersionTooLarge');
      return true;
    });
    await assert.rejects(cache.waitFor(1000, AbortSignal.abort(new Error('client left'))), /client left/);
  });

  it('sends bookmarks about once a minute and before an orderly end', async () => {
    const { store, cache, clock } = await started();
    const watcher = new Watcher(cache);
    await settle();
    const revision = await write(store, 'a/x', '1');
    await cache.whenFresh();
    clock.advance(59_000);
    assert.deepEqual(watcher.bookmarks, []);
    clock.advance(6_000);
    assert.deepEqual(watcher.bookmarks, [revision]);
    await cache.stop();
    assert.deepEqual(watcher.bookmarks, [revision, revision]);
    assert.deepEqual(watcher.ended, { error: undefined });
  });

  it('does not let one failing watcher disturb the others', async () => {
    const { store, cache } = await started();
    const bad = new Watcher(cache, {
      onEvent: () => {
        throw new Error('socket is gone');
      },
    });
    const good = new Watcher(cache);
    await settle();
    await write(store, 'a/x', '1');
    await cache.whenFresh();
    assert.match(String(bad.ended?.error), /socket is gone/);
    assert.deepEqual(good.told, ['ADDED a/x=1']);
  });

  it('leaves out a stored value that cannot be read', async () => {
    const { store, cache } = await started();
    await store.write({ key: `${PREFIX}a/broken`, expected: 0, value: Buffer.from('{"metadata":') });
    await write(store, 'a/x', '1');
    await cache.whenFresh();
    assert.deepEqual(
      cache.list(undefined).map(({ key }) => key),
      ['a/x'],
    );
  });

  it('replays slice by slice as fast as the watcher takes it, and loses nothing meanwhile', async () => {
    const { store, cache } = await started();
    await Promise.all(Array.from({ length: 1000 }, (_, i) => write(store, `n/${i}`, 'x')));
    await cache.whenFresh();
    const gates: (() => void)[] = [];
    const watcher = new Watcher(cache, { ready: () => new Promise((resolve) => gates.push(resolve)) });
    await settle();
    assert.equal(watcher.events.length, 256);
    await write(store, 'n/late', '1');
    await cache.whenFresh();
    for (; watcher.events.length < 1001; await settle()) gates.shift()?.();
    assert.equal(watcher.told.at(-1), 'ADDED n/late=1');
    assert.equal(watcher.events.length, 1001);
  });
});
