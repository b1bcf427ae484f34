/** What elections and session keys do, over whatever leases. */
import assert from 'node:assert/strict';
import type { Campaign, Lease, Leases } from '../../control-plane/storage/coordination.ts';
import { LeaseElection } from '../../control-plane/storage/election.ts';
import type { Store } from '../../control-plane/storage/port.ts';
import { LeaseSessionKeys } from '../../control-plane/storage/session-keys.ts';
import { systemClock } from '../../lib/clock.ts';
import { silentLog } from '../../lib/log.ts';
import type { View } from '../../lib/view.ts';

export interface CoordinationUnderTest {
  readonly store: Store;
  readonly leases: Leases;
  /** Ends every lease from the side of the store. */
  endLeases(): Promise<void>;
  close(): Promise<void>;
}

interface Term {
  readonly identity: string;
  readonly signal: AbortSignal;
  finish(): void;
}

/** A candidate that leads until it is told to stop, and reports each term. */
class Terms {
  private readonly begun: Term[] = [];
  private readonly waiting: ((term: Term) => void)[] = [];

  candidate(identity: string): { onLead(signal: AbortSignal): Promise<void> } {
    return {
      onLead: (signal) =>
        new Promise((resolve) => {
          signal.addEventListener('abort', () => resolve());
          const term = { identity, signal, finish: resolve };
          const next = this.waiting.shift();
          if (next) next(term);
          else this.begun.push(term);
        }),
    };
  }

  next(): Promise<Term> {
    const term = this.begun.shift();
    return term ? Promise.resolve(term) : new Promise((resolve) => this.waiting.push(resolve));
  }
}

function until<T>(view: View<T>, done: () => boolean): Promise<void> {
  return new Promise((resolve) => {
    const check = (): void => {
      if (!done()) return;
      unsubscribe();
      resolve();
    };
    const unsubscribe = view.subscribe(check);
    view.whenSynced().then(check, () => {});
  });
}

export function coordinationContract(name: string, open: () => Promise<CoordinationUnderTest>): void {
  describe(`coordination contract: ${name}`, () => {
    let subject: CoordinationUnderTest;
    let count = 0;
    let root: string;
    const cleanups: (() => Promise<unknown>)[] = [];

    before(async () => {
      subject = await open();
    });
    beforeEach(() => {
      root = `/sessions/${++count}/`;
    });
    afterEach(async () => {
      for (const cleanup of cleanups.splice(0)) await cleanup();
    });
    after(() => subject.close());

    const common = { clock: systemClock, log: silentLog };
    const grant = async (): Promise<Lease> => {
      const lease = await subject.leases.grant(5);
      cleanups.push(() => lease.release());
      return lease;
    };
    const campaign = (terms: Terms, identity: string): Campaign => {
      const election = new LeaseElection({ ...subject, ...common, identity, ttlSeconds: 5 });
      const running = election.campaign(`test-${count}`, terms.candidate(identity));
      cleanups.push(() => running.stop());
      return running;
    };
    const session = async (): Promise<LeaseSessionKeys> => {
      const keys = new LeaseSessionKeys({ ...subject, ...common, ttlSeconds: 5 });
      await keys.start();
      cleanups.push(() => keys.stop());
      return keys;
    };
    const value = async (key: string): Promise<string | undefined> =>
      (await subject.store.get(root + key))?.value.toString();

    it('attaches keys to a lease, guarded or not, and deletes them with it', async () => {
      const [one, two] = [await grant(), await grant()];
      assert.equal(await one.put(`${root}a`, '1', 0), true);
      assert.equal(await two.put(`${root}a`, '2', 0), false);
      assert.equal(await two.put(`${root}b`, '2'), true);
      await two.delete(`${root}a`);
      assert.equal(await value('a'), '1');
      await one.put(`${root}b`, '1');
      await two.release();
      assert.ok(two.lost.aborted);
      assert.deepEqual([await value('a'), await value('b')], ['1', '1']);
      await one.release();
      assert.deepEqual([await value('a'), await value('b')], [undefined, undefined]);
      await assert.rejects(one.put(`${root}a`, '1'), /over/);
    });

    it('elects one leader, and the next when it stops', async () => {
      const terms = new Terms();
      const campaigns = new Map(['a', 'b', 'c'].map((identity) => [identity, campaign(terms, identity)]));
      const first = await terms.next();
      const election = new LeaseElection({ ...subject, ...common, identity: 'observer' });
      assert.equal(await election.leader(`test-${count}`), first.identity);
      assert.deepEqual(
        [...campaigns].filter(([, { leading }]) => leading).map(([identity]) => identity),
        [first.identity],
      );
      await campaigns.get(first.identity)?.stop();
      assert.ok(first.signal.aborted);
      const second = await terms.next();
      assert.notEqual(second.identity, first.identity);
      assert.equal(second.signal.aborted, false);
    });

    it('lets a leader that gives up run again', async () => {
      const terms = new Terms();
      campaign(terms, 'only');
      const first = await terms.next();
      first.finish();
      const second = await terms.next();
      assert.ok(first.signal.aborted);
      assert.equal(second.signal.aborted, false);
    });

    it('tells a leader whose lease ended, and elects again', async () => {
      const terms = new Terms();
      campaign(terms, 'a');
      campaign(terms, 'b');
      const first = await terms.next();
      await subject.endLeases();
      const second = await terms.next();
      assert.equal(second.signal.aborted, false);
      if (!first.signal.aborted) await new Promise((resolve) => first.signal.addEventListener('abort', resolve));
    });

    it('shows the keys of all sessions', async () => {
      const [one, two] = [await session(), await session()];
      const { view } = one.watch(root);
      await one.put(`${root}a`, 'one');
      await two.put(`${root}b`, 'two');
      await until(view, () => view.size === 2);
      assert.deepEqual([view.get('a')?.value, view.get('b')?.value], ['one', 'two']);
      assert.deepEqual([one.holds(`${root}a`), one.holds(`${root}b`)], [true, false]);
      await one.delete(`${root}a`);
      await until(view, () => view.size === 1);
      assert.ok(!one.holds(`${root}a`));
    });

    it('leaves the keys of a session that stopped until its lease is over', async () => {
      const [one, two] = [await session(), await session()];
      const { view } = one.watch(root);
      await two.put(`${root}b`, 'two');
      await two.stop();
      assert.ok(!two.holds(`${root}b`), 'nobody renews the lease');
      assert.equal(await value('b'), 'two');
      await until(view, () => view.size === 1);
      await subject.endLeases();
      await until(view, () => view.size === 0);
    });

    it('lets a session take a key over, which the former holder then cannot delete', async () => {
      const [one, two] = [await session(), await session()];
      await one.put(`${root}a`, 'one');
      await two.put(`${root}a`, 'two');
      await one.delete(`${root}a`);
      await one.stop();
      assert.equal(await value('a'), 'two');
    });

    it('makes the keys of a session again when its lease was lost', async () => {
      const keys = await session();
      const { view } = keys.watch(root);
      const renewed = new Promise<void>((resolve) => keys.onRenewed(resolve));
      await keys.put(`${root}a`, 'one');
      await until(view, () => view.size === 1);
      const first = view.get('a')?.revision ?? 0;
      await subject.endLeases();
      await until(view, () => (view.get('a')?.revision ?? 0) > first);
      assert.equal(view.get('a')?.value, 'one');
      await renewed;
      assert.ok(!keys.holds(`${root}a`), 'it was away, and others may have acted on that');
      await keys.put(`${root}a`, 'one');
      assert.ok(keys.holds(`${root}a`));
    });
  });
}
