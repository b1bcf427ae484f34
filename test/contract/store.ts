/** What every store does. Runs on the one in memory and on a real etcd. */
import assert from 'node:assert/strict';
import {
  CompactedError,
  FutureRevisionError,
  MAX_VALUE_BYTES,
  StoreLimitError,
  type Entry,
  type Store,
  type StoreEvent,
  type WriteResult,
} from '../../control-plane/storage/port.ts';
import { Recorder } from '../support/store-recorder.ts';

export interface StoreUnderTest {
  readonly store: Store;
  /** Lets time pass so that a time to live of that many seconds ends; the store need not be done with it. */
  passSeconds(seconds: number): void;
  close(): Promise<void>;
}

export function storeContract(name: string, open: () => Promise<StoreUnderTest>): void {
  describe(`store contract: ${name}`, () => {
    let subject: StoreUnderTest;
    let store: Store;
    let root: string;
    let count = 0;

    before(async () => {
      subject = await open();
      store = subject.store;
    });
    beforeEach(() => {
      root = `/contract/${++count}/`;
    });
    after(() => subject.close());

    const put = (key: string, value: string, expected = 0): Promise<WriteResult> =>
      store.write({ key: root + key, expected, value: Buffer.from(value) });
    const mustPut = async (key: string, value: string, expected = 0): Promise<number> => {
      const result = await put(key, value, expected);
      assert.ok(result.ok, `write of ${key} was refused`);
      return result.revision;
    };
    const shown = (entries: readonly Entry[]): string[] =>
      entries.map(({ key, value }) => `${key.slice(root.length)}=${value.toString()}`);
    const told = (events: readonly StoreEvent[]): string[] =>
      events.map((event) =>
        event.type === 'put'
          ? `${event.created ? 'create' : 'update'} ${event.key.slice(root.length)}=${event.value.toString()}`
          : `delete ${event.key.slice(root.length)}`,
      );
    const watch = (after: number, prefix = root): Recorder => new Recorder(store, prefix, after);

    it('keeps what was written, with the revision of its commit', async () => {
      const revision = await mustPut('a', 'one');
      assert.deepEqual(await store.get(`${root}a`), { key: `${root}a`, value: Buffer.from('one'), revision });
      assert.equal(await store.revision(), revision);
      assert.equal(await store.get(`${root}b`), undefined);
    });

    it('refuses a write whose guard is wrong and says what is there', async () => {
      const first = await mustPut('a', 'one');
      const again = await put('a', 'two');
      assert.deepEqual(again, { ok: false, current: { key: `${root}a`, value: Buffer.from('one'), revision: first } });
      const second = await mustPut('a', 'two', first);
      assert.ok(second > first);
      assert.equal((await put('a', 'three', first)).ok, false);
      assert.deepEqual(await put('b', 'new', 7), { ok: false, current: undefined });
      assert.equal((await store.get(`${root}a`))?.value.toString(), 'two');
    });

    it('refuses a write while another key is there that must not be', async () => {
      const revision = await mustPut('pod', 'one');
      await mustPut('session', 'here');
      const write = { key: `${root}pod`, expected: revision, value: null, absent: `${root}session` };
      const refused = await store.write(write);
      assert.ok(!refused.ok);
      assert.equal(refused.current?.revision, revision, 'what was expected is there');
      const session = await store.get(`${root}session`);
      await store.write({ key: `${root}session`, expected: session?.revision ?? 0, value: null });
      assert.ok((await store.write(write)).ok);
      assert.equal(await store.get(`${root}pod`), undefined);
    });

    it('deletes under a guard, after which the key can be created again', async () => {
      const first = await mustPut('a', 'one');
      const wrong = await store.write({ key: `${root}a`, expected: first + 1, value: null });
      assert.equal(wrong.ok, false);
      const deleted = await store.write({ key: `${root}a`, expected: first, value: null });
      assert.ok(deleted.ok && deleted.revision > first);
      assert.equal(await store.get(`${root}a`), undefined);
      await mustPut('a', 'again');
    });

    it('decides each of many simultaneous writes by its own guard', async () => {
      await mustPut('k0', 'old');
      const results = await Promise.all(Array.from({ length: 300 }, (_, i) => put(`k${i}`, `v${i}`)));
      assert.deepEqual(
        results.flatMap((result, i) => (result.ok ? [] : [i])),
        [0],
      );
      const { entries } = await store.list(root);
      assert.equal(entries.length, 300);
      for (const { key, revision } of entries) {
        const result = results[Number(key.slice(root.length + 1))];
        if (result?.ok) assert.equal(result.revision, revision);
      }
    });

    it('lets exactly one of several writers of a key win', async () => {
      const results = await Promise.all(Array.from({ length: 20 }, (_, i) => put('a', `writer ${i}`)));
      assert.equal(results.filter((result) => result.ok).length, 1);
      const value = (await store.get(`${root}a`))?.value.toString();
      assert.equal(value, `writer ${results.findIndex((result) => result.ok)}`);
    });

    it('lists by prefix in the order of keys, in pages of one state', async () => {
      for (const key of ['b/1', 'a/2', 'c', 'a/1', 'a-/1']) await mustPut(key, key);
      const all = await store.list(root);
      assert.deepEqual(shown(all.entries), ['a-/1=a-/1', 'a/1=a/1', 'a/2=a/2', 'b/1=b/1', 'c=c']);
      assert.deepEqual([all.more, all.remaining], [false, 0]);

      const first = await store.list(root, { limit: 2 });
      assert.deepEqual([first.more, first.remaining], [true, 3]);
      await mustPut('a/3', 'late');
      const second = await store.list(root, {
        limit: 2,
        after: first.entries.at(-1)?.key ?? '',
        revision: first.revision,
      });
      assert.deepEqual(shown(second.entries), ['a/2=a/2', 'b/1=b/1']);
      assert.deepEqual([second.more, second.remaining, second.revision], [true, 1, first.revision]);
      assert.deepEqual(shown((await store.list(`${root}a/`)).entries), ['a/1=a/1', 'a/2=a/2', 'a/3=late']);
    });

    it('lists the past until it is compacted, and never the future', async () => {
      const first = await mustPut('a', 'one');
      const second = await mustPut('a', 'two', first);
      assert.deepEqual(shown((await store.list(root, { revision: first })).entries), ['a=one']);
      await store.compact(second);
      await assert.rejects(store.list(root, { revision: first }), CompactedError);
      assert.deepEqual(shown((await store.list(root, { revision: second })).entries), ['a=two']);
      await assert.rejects(store.list(root, { revision: second + 1000 }), FutureRevisionError);
      await store.compact(first);
    });

    it('refuses a value that is too large and changes nothing', async () => {
      const before = await store.revision();
      await assert.rejects(put('a', 'x'.repeat(MAX_VALUE_BYTES)), StoreLimitError);
      assert.equal(await store.revision(), before);
      await mustPut('a', 'x'.repeat(1_400_000));
    });

    it('deletes by itself what has a time to live, and tells watchers', async () => {
      const result = await store.write({ key: `${root}a`, expected: 0, value: Buffer.from('brief'), ttlSeconds: 2 });
      assert.ok(result.ok);
      const kept = await store.write({ key: `${root}b`, expected: 0, value: Buffer.from('kept'), ttlSeconds: 2 });
      assert.ok(kept.ok);
      await mustPut('b', 'for good', kept.revision);
      const recorder = watch(await store.revision());
      subject.passSeconds(3);
      await recorder.untilEvents(1);
      assert.deepEqual(told(recorder.events), ['delete a']);
      assert.equal(await store.get(`${root}a`), undefined);
      assert.ok(await store.get(`${root}b`));
      recorder.close();
    });

    it('tells a watch what happens under its prefix, from the revision it names', async () => {
      const start = await store.revision();
      const first = await mustPut('in/a', 'one');
      await mustPut('out', 'other');
      const early = watch(start, `${root}in/`);
      const later = watch(first, `${root}in/`);
      const second = await mustPut('in/a', 'two', first);
      await store.write({ key: `${root}in/a`, expected: second, value: null });
      await early.untilEvents(3);
      await later.untilEvents(2);
      assert.deepEqual(told(early.events), ['create in/a=one', 'update in/a=two', 'delete in/a']);
      assert.deepEqual(told(later.events), ['update in/a=two', 'delete in/a']);
      early.close();
      later.close();
    });

    it('never splits a revision and never goes back', async () => {
      const recorder = watch(await store.revision());
      await Promise.all(Array.from({ length: 200 }, (_, i) => put(`k${i}`, 'x'.repeat(500))));
      await recorder.untilEvents(200);
      let last = 0;
      for (const call of recorder.calls) {
        assert.ok((call[0]?.revision ?? 0) > last, 'a revision came in two calls');
        for (const event of call) {
          assert.ok(event.revision >= last);
          last = event.revision;
        }
      }
      recorder.close();
    });

    it('tells a quiet watch how far it is', async () => {
      const recorder = watch(await store.revision(), `${root}quiet/`);
      const revision = await mustPut('loud', 'x');
      recorder.requestProgress();
      await recorder.untilProgress(revision);
      assert.deepEqual(recorder.events, []);
      recorder.close();
    });

    it('ends a watch from a revision that was compacted', async () => {
      const first = await mustPut('a', 'one');
      const second = await mustPut('a', 'two', first);
      const third = await mustPut('a', 'three', second);
      await store.compact(third);
      const recorder = watch(first);
      assert.ok((await recorder.ended) instanceof CompactedError);
      const served = watch(third);
      await mustPut('a', 'four', third);
      await served.untilEvents(1);
      assert.deepEqual(told(served.events), ['update a=four']);
      served.close();
    });

    it('goes on telling a connected watch across a compaction', async () => {
      const recorder = watch(await store.revision());
      let revision = await mustPut('a', '0');
      await recorder.untilEvents(1);
      for (let i = 1; i <= 20; i++) {
        revision = await mustPut('a', String(i), revision);
        if (i % 5 === 0) await store.compact(revision);
      }
      await recorder.untilEvents(21);
      assert.equal(recorder.events.length, 21);
      recorder.close();
    });

    it('tells a closed watch nothing more', async () => {
      const recorder = watch(await store.revision());
      const other = watch(await store.revision());
      recorder.close();
      await mustPut('a', 'one');
      await other.untilEvents(1);
      assert.deepEqual(recorder.events, []);
      other.close();
    });
  });
}
