import assert from 'node:assert/strict';
import type { Etcd3 } from 'etcd3';
import type { Lease } from '../../../control-plane/storage/coordination.ts';
import { EtcdLeases } from '../../../control-plane/storage/etcd/leases.ts';
import { StoreKeyWatch } from '../../../control-plane/storage/key-watch.ts';
import { MemoryStore } from '../../../control-plane/storage/memory.ts';
import { type Store, UnavailableError } from '../../../control-plane/storage/port.ts';
import { LeaseSessionKeys } from '../../../control-plane/storage/session-keys.ts';
import { FakeClock } from '../../../lib/clock.ts';
import { silentLog } from '../../../lib/log.ts';

/** A lease whose process was held up: it can't be proven any more, and nothing has said so yet. */
class Doubtful implements Lease {
  readonly ttlSeconds = 8;
  readonly lost = new AbortController().signal;
  readonly puts: string[] = [];
  isProvenNow = true;

  isProven(): boolean {
    return this.isProvenNow;
  }

  put(key: string): Promise<boolean> {
    this.puts.push(key);
    return Promise.resolve(true);
  }

  delete(): Promise<void> {
    return Promise.resolve();
  }

  leave(): void {}

  release(): Promise<void> {
    return Promise.resolve();
  }
}

describe('session keys', () => {
  it('are attached to no lease that may be about to end', async () => {
    const clock = new FakeClock();
    const lease = new Doubtful();
    const leases = { grant: () => Promise.resolve(lease) };
    const store = new MemoryStore({ clock });
    const keys = new LeaseSessionKeys({ leases, store, ttlSeconds: 8, clock, log: silentLog });
    await keys.start();
    await keys.put('/a', 'one');
    lease.isProvenNow = false;
    await assert.rejects(keys.put('/b', 'one'), UnavailableError);
    assert.deepEqual(lease.puts, ['/a']);
    assert.ok(!keys.holds('/a'));
    await keys.stop();
  });
});

describe('a watch of session keys', () => {
  it('says that keys may have come and gone unseen, before anybody judges by what it shows then', async () => {
    const clock = new FakeClock();
    const store = new MemoryStore({ clock });
    const ends: (() => void)[] = [];
    const broken: Pick<Store, 'list' | 'watch'> = {
      list: (...asked) => store.list(...asked),
      watch: (prefix, after, handlers) => {
        ends.push(() => handlers.onEnd(new Error('the connection broke')));
        return store.watch(prefix, after, { ...handlers, onEvents: () => undefined });
      },
    };
    const seen: string[] = [];
    const options = { store: broken as Store, prefix: '/a/', onRelisted: () => void seen.push('listed again') };
    const watch = new StoreKeyWatch({ ...options, clock, log: silentLog });
    await watch.view.whenSynced();
    watch.view.subscribe(({ type, key }) => void seen.push(`${type} ${key}`));
    assert.deepEqual(seen, []);
    await store.write({ key: '/a/n1', expected: 0, value: Buffer.from('one') });
    const listed = new Promise<void>((resolve) => watch.view.subscribe(() => resolve()));
    ends[0]?.();
    await listed;
    assert.deepEqual(seen, ['listed again', 'added n1']);
    watch.close();
  });
});

describe('a lease in etcd', () => {
  it('is not proven on a machine that has slept, whose clock of intervals stood still', async () => {
    const clock = new FakeClock();
    let asleep = 0;
    const woken = {
      now: () => clock.now(),
      date: () => new Date(clock.date().getTime() + asleep),
      after: (milliseconds: number, callback: () => void) => clock.after(milliseconds, callback),
    };
    const leaseClient = {
      leaseGrant: () => Promise.resolve({ ID: '7' }),
      leaseRevoke: () => Promise.resolve(),
    };
    const client = { leaseClient } as unknown as Etcd3;
    const lease = await new EtcdLeases({ client, clock: woken, log: silentLog }).grant(8);
    clock.advance(1000);
    assert.ok(lease.isProven());
    asleep = 60_000;
    assert.ok(!lease.isProven());
    await lease.release();
  });
});
