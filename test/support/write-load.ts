/** Writers that never stop, and what must hold of all that they wrote and of all that a watch told meanwhile. */
import assert from 'node:assert/strict';
import { UnavailableError, UnknownOutcomeError, type Store } from '../../control-plane/storage/port.ts';
import { systemClock } from '../../lib/clock.ts';
import { Recorder } from './store-recorder.ts';

const WRITERS = 4;

interface Waiter {
  readonly count: number;
  readonly resolve: () => void;
}

export class WriteLoad {
  readonly watch: Recorder;
  readonly confirmed = new Set<string>();
  /** Keys of writes whose answer never came. */
  readonly possible = new Set<string>();
  /** Milliseconds of the write that took longest, until it was known to be done, not done or unknown. */
  longest = 0;
  private readonly store: Store;
  private readonly prefix: string;
  private readonly waiters = new Set<Waiter>();
  private readonly writers: Promise<void>[];
  private writing = true;

  private constructor(store: Store, prefix: string, after: number) {
    this.store = store;
    this.prefix = prefix;
    this.watch = new Recorder(store, prefix, after);
    this.writers = Array.from({ length: WRITERS }, (_, id) => this.write(id));
    // Whoever stops the load is told; until then a writer that fails must not end the process.
    for (const writer of this.writers) writer.catch(() => undefined);
  }

  static async start(store: Store, prefix: string): Promise<WriteLoad> {
    return new WriteLoad(store, prefix, await store.revision());
  }

  /** Resolves with the milliseconds until so many more writes were confirmed and told by the watch. */
  async goesOn(count: number): Promise<number> {
    const begun = systemClock.now();
    const told = this.watch.events.length + count;
    const wanted = this.confirmed.size + count;
    await new Promise<void>((resolve) => this.waiters.add({ count: wanted, resolve }));
    await this.watch.untilEvents(told);
    return systemClock.now() - begun;
  }

  /** Of a test that failed. */
  abandon(): void {
    this.writing = false;
    this.watch.close();
  }

  /** Ends the writers and checks that nothing confirmed is lost, nothing refused is there, and each was told once. */
  async stop(): Promise<void> {
    this.writing = false;
    await Promise.all(this.writers);
    await this.watch.untilProgress(await this.store.revision());
    this.watch.close();
    const seen = this.watch.events.map(({ key }) => key);
    const told = new Set(seen);
    assert.equal(told.size, seen.length, 'an event came twice');
    const { entries } = await this.store.list(this.prefix);
    assert.deepEqual(entries.map(({ key }) => key).toSorted(), seen.toSorted());
    for (const key of this.confirmed) assert.ok(told.has(key), `${key} was confirmed and is lost`);
    for (const key of seen) {
      assert.ok(this.confirmed.has(key) || this.possible.has(key), `${key} was refused and is there`);
    }
  }

  private async write(id: number): Promise<void> {
    for (let n = 0; this.writing; n++) {
      const key = `${this.prefix}${id}/${n}`;
      const begun = systemClock.now();
      try {
        const result = await this.store.write({ key, expected: 0, value: Buffer.from('x') });
        assert.ok(result.ok, `write of ${key} was refused`);
        assert.equal((await this.read(key))?.revision, result.revision, `${key} was confirmed and can't be read`);
        this.confirm(key);
      } catch (error) {
        if (error instanceof UnknownOutcomeError) this.possible.add(key);
        else if (!(error instanceof UnavailableError)) throw error;
      }
      this.longest = Math.max(this.longest, systemClock.now() - begun);
    }
  }

  /** Until it is answered: what could not be read is not what was not there. */
  private async read(key: string): ReturnType<Store['get']> {
    for (;;) {
      try {
        return await this.store.get(key);
      } catch (error) {
        if (!this.writing || !(error instanceof UnavailableError)) throw error;
      }
    }
  }

  private confirm(key: string): void {
    this.confirmed.add(key);
    for (const waiter of this.waiters) {
      if (this.confirmed.size < waiter.count) continue;
      this.waiters.delete(waiter);
      waiter.resolve();
    }
  }
}
