import assert from 'node:assert/strict';
import { setTimeout as pause } from 'node:timers/promises';
import type { EtcdStore } from '../../../control-plane/storage/etcd/store.ts';
import {
  CompactedError,
  StoreFullError,
  UnavailableError,
  UnknownOutcomeError,
  type Store,
} from '../../../control-plane/storage/port.ts';
import { startEtcd, type TestEtcd } from '../../support/etcd.ts';
import { startProxy, type Proxy } from '../../support/proxy.ts';
import { Recorder } from '../../support/store-recorder.ts';

async function mustWrite(store: Store, key: string, value: string | Buffer, expected = 0): Promise<number> {
  const result = await store.write({ key, expected, value: Buffer.from(value) });
  assert.ok(result.ok, `write of ${key} was refused`);
  return result.revision;
}

/** Repeats until the store answers again; bounded by the test's own time limit. */
async function untilAnswers(store: Store): Promise<void> {
  for (;;) {
    try {
      await store.revision();
      return;
    } catch (error) {
      assert.ok(error instanceof UnavailableError, String(error));
    }
  }
}

describe('etcd store under failure', function () {
  this.timeout(60_000);
  let etcd: TestEtcd;
  let store: EtcdStore;

  beforeEach(async () => {
    etcd = await startEtcd({ requestTimeout: 1_000 });
    store = etcd.store;
  });
  afterEach(() => etcd.close());

  const kill = (signal: NodeJS.Signals): void => {
    assert.ok(etcd.member.pid);
    process.kill(etcd.member.pid, signal);
  };

  it('loses and repeats no event when etcd is killed again and again under writes', async () => {
    const recorder = new Recorder(store, '/k/', await store.revision());
    const confirmed = new Set<string>();
    const possible = new Set<string>();
    let writing = true;
    const writer = async (id: number): Promise<void> => {
      for (let n = 0; writing; n++) {
        const key = `/k/${id}/${n}`;
        try {
          await mustWrite(store, key, 'x');
          confirmed.add(key);
        } catch (error) {
          if (error instanceof UnknownOutcomeError) possible.add(key);
          else if (error instanceof UnavailableError) await untilAnswers(store);
          else throw error;
        }
      }
    };
    const writers = Array.from({ length: 8 }, (_, id) => writer(id));
    for (let round = 1; round <= 3; round++) {
      await recorder.untilEvents(round * 300);
      kill('SIGKILL');
      await untilAnswers(store);
      await recorder.untilEvents(recorder.events.length + 50);
    }
    writing = false;
    await Promise.all(writers);
    await recorder.untilProgress(await store.revision());

    const seen = recorder.events.map(({ key }) => key);
    assert.equal(new Set(seen).size, seen.length, 'an event came twice');
    const { entries } = await store.list('/k/');
    assert.deepEqual(entries.map(({ key }) => key).toSorted(), seen.toSorted());
    for (const key of confirmed) assert.ok(seen.includes(key), `${key} was confirmed and is lost`);
    for (const key of seen) assert.ok(confirmed.has(key) || possible.has(key), `${key} was refused and is there`);
    recorder.close();
  });

  it('gives calls up while etcd hangs, does not say that a write failed, and recovers', async () => {
    await mustWrite(store, '/a', '1');
    const recorder = new Recorder(store, '/', await store.revision());
    kill('SIGSTOP');
    try {
      await assert.rejects(mustWrite(store, '/b', '1'), UnknownOutcomeError);
      await assert.rejects(store.get('/a'), UnavailableError);
      // What is tried is a hang of that length; there is no event to wait for.
      await pause(8_000);
    } finally {
      kill('SIGCONT');
    }
    await untilAnswers(store);
    const written = await store.get('/b');
    const expected = written?.revision ?? 0;
    await mustWrite(store, '/b', '2', expected);
    await recorder.untilProgress(await store.revision());
    assert.deepEqual(
      recorder.events.map((event) => event.type === 'put' && event.value.toString()),
      written ? ['1', '2'] : ['2'],
    );
    recorder.close();
  });

  it('tells who holds a lease in time that etcd hangs', async () => {
    const lease = await store.leases.grant(3);
    await lease.put('/a', '1');
    const begun = performance.now();
    kill('SIGSTOP');
    try {
      await new Promise((resolve) => lease.lost.addEventListener('abort', resolve));
      assert.ok(performance.now() - begun < 3_000);
    } finally {
      kill('SIGCONT');
    }
    await lease.release();
  });

  it('says that nothing was written when etcd is not there', async () => {
    await etcd.member.stop();
    await assert.rejects(mustWrite(store, '/a', '1'), UnavailableError);
    await assert.rejects(store.list('/'), UnavailableError);
  });

  it('starts etcd again when it dies', async () => {
    const revision = await mustWrite(store, '/a', '1');
    const { pid } = etcd.member;
    kill('SIGKILL');
    await untilAnswers(store);
    assert.notEqual(etcd.member.pid, pid);
    assert.equal((await store.get('/a'))?.revision, revision);
  });
});

describe('etcd store behind a link that breaks', function () {
  this.timeout(60_000);
  let etcd: TestEtcd;
  let proxy: Proxy;
  let far: EtcdStore;

  before(async () => {
    etcd = await startEtcd();
    proxy = await startProxy(Number(new URL(etcd.url).port));
    far = etcd.connect({ endpoints: [`http://127.0.0.1:${proxy.port}`] });
  });
  afterEach(() => proxy.heal());
  after(async () => {
    await far.stop();
    await proxy.close();
    await etcd.close();
  });

  it('brings thousands of events of large commits to a watch that was away', async () => {
    const recorder = new Recorder(far, '/big/', await far.revision());
    await mustWrite(etcd.store, '/big/first', 'x');
    await recorder.untilEvents(1);
    proxy.cut();
    const value = Buffer.alloc(4_000, 'x');
    await Promise.all(Array.from({ length: 5_000 }, (_, i) => mustWrite(etcd.store, `/big/${i}`, value)));
    proxy.heal();
    await recorder.untilEvents(5_001);
    assert.equal(new Set(recorder.events.map(({ key }) => key)).size, 5_001);
    const revisions = recorder.calls.map((call) => call[0]?.revision ?? 0);
    assert.ok(revisions.every((revision, i) => i === 0 || revision > (recorder.calls[i - 1]?.at(-1)?.revision ?? 0)));
    recorder.close();
  });

  it('lets a watch that begins in the past catch up beside one that is ahead', async () => {
    const start = await far.revision();
    const ahead = new Recorder(far, '/past/', start);
    for (let i = 0; i < 50; i++) await mustWrite(etcd.store, `/past/${i}`, 'x');
    await ahead.untilEvents(50);
    const behind = new Recorder(far, '/past/', start);
    await Promise.all(Array.from({ length: 500 }, (_, i) => mustWrite(etcd.store, `/past/more/${i}`, 'x')));
    await Promise.all([ahead.untilEvents(550), behind.untilEvents(550)]);
    assert.deepEqual(behind.events, ahead.events);
    ahead.close();
    behind.close();
  });

  it('ends a watch that was away while what it missed was compacted', async () => {
    const recorder = new Recorder(far, '/gone/', await far.revision());
    let revision = await mustWrite(etcd.store, '/gone/a', '0');
    await recorder.untilEvents(1);
    proxy.cut();
    for (let i = 1; i <= 3; i++) revision = await mustWrite(etcd.store, '/gone/a', String(i), revision);
    await etcd.store.compact(revision);
    proxy.heal();
    const error = await recorder.ended;
    assert.ok(error instanceof CompactedError);
    assert.equal(error.oldest, revision);
  });

  it('lets no update of two racing writers be lost', async () => {
    await mustWrite(etcd.store, '/counter', '0');
    const add = async (store: Store): Promise<void> => {
      for (let added = 0; added < 100;) {
        const current = await store.get('/counter');
        assert.ok(current);
        const value = Buffer.from(String(Number(current.value.toString()) + 1));
        if ((await store.write({ key: '/counter', expected: current.revision, value })).ok) added++;
      }
    };
    await Promise.all([add(etcd.store), add(far), add(etcd.store)]);
    assert.equal((await far.get('/counter'))?.value.toString(), '300');
  });
});

describe('etcd without room', function () {
  this.timeout(60_000);

  it('refuses writes with a clear error and goes on answering reads', async () => {
    const etcd = await startEtcd({ quotaBytes: 4 << 20 });
    try {
      const value = Buffer.alloc(1_000_000, 'x');
      await assert.rejects(
        async () => {
          for (let i = 0; i < 50; i++) await mustWrite(etcd.store, `/fill/${i}`, value);
        },
        (error: unknown) => error instanceof StoreFullError && /no room left/.test(error.message),
      );
      assert.ok(await etcd.store.get('/fill/0'));
    } finally {
      await etcd.close();
    }
  });
});
