import type { Clock, Timer } from '../../../lib/clock.ts';
import { UnavailableError } from '../port.ts';

export interface BatchItem {
  readonly key: string;
  /** Bytes that it adds to a request. */
  readonly size: number;
}

export interface BatcherOptions<T extends BatchItem, R> {
  /** Carries out a batch, one result for each item. Keys in a batch are unique. */
  commit: (items: readonly T[]) => Promise<readonly R[]>;
  clock: Pick<Clock, 'now' | 'after'>;
  limits?: Partial<BatchLimits>;
}

export interface BatchLimits {
  /** Items in a batch. */
  readonly items: number;
  /** Bytes in a batch; a larger item goes alone. */
  readonly bytes: number;
  /** Batches that are under way at the same time. */
  readonly inFlight: number;
  /** With this many items waiting a batch goes out although others are under way. */
  readonly full: number;
  /** Milliseconds; what waits behind a batch that takes longer passes it, unless it is about the same keys. */
  readonly late: number;
  /** Items that may wait; more are refused. */
  readonly waiting: number;
}

/** etcd takes 128 operations in a transaction and counts the outer one; a request may have 1.5 MiB. */
export const DEFAULT_LIMITS: BatchLimits = {
  items: 127,
  bytes: 1 << 20,
  inFlight: 4,
  full: 50,
  late: 100,
  waiting: 20_000,
};

interface Waiting<T, R> {
  readonly item: T;
  readonly resolve: (result: R) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Puts independent items together. With nothing under way they go out in the same turn; otherwise they collect until an
 * answer comes or a batch is full, so that batches grow with the load and nobody waits for a timer. A batch that hangs,
 * because the member that was asked is slow or cut off, holds nobody up for long: the next may well ask another.
 */
export class Batcher<T extends BatchItem, R> {
  private readonly commit: BatcherOptions<T, R>['commit'];
  private readonly limits: BatchLimits;
  private readonly clock: BatcherOptions<T, R>['clock'];
  private waiting: Waiting<T, R>[] = [];
  private inFlight = 0;
  /** The keys of the batches that are under way: writes of one key go one after the other. */
  private readonly busy = new Set<string>();
  private lastSentAt = 0;
  private lateTimer: Timer | undefined;
  private scheduled = false;

  constructor({ commit, clock, limits }: BatcherOptions<T, R>) {
    this.commit = commit;
    this.clock = clock;
    this.limits = { ...DEFAULT_LIMITS, ...limits };
  }

  add(item: T): Promise<R> {
    if (this.waiting.length >= this.limits.waiting) {
      return Promise.reject(new UnavailableError(`${this.waiting.length} writes wait for the store already`));
    }
    return new Promise((resolve, reject) => {
      this.waiting.push({ item, resolve, reject });
      this.schedule();
    });
  }

  private schedule(): void {
    if (this.scheduled) return;
    this.scheduled = true;
    queueMicrotask(() => {
      this.scheduled = false;
      this.pump();
    });
  }

  private pump(): void {
    while (this.waiting.length > 0 && this.maySend()) {
      const batch = this.take();
      if (batch.length === 0) break;
      this.send(batch);
    }
    if (this.waiting.length > 0) this.watchForLateness();
  }

  private maySend(): boolean {
    if (this.inFlight === 0) return true;
    const isDue = this.waiting.length >= this.limits.full || this.lateIn() <= 0;
    return isDue && this.inFlight < this.limits.inFlight;
  }

  /** Milliseconds until the batch that was sent last is late. */
  private lateIn(): number {
    return this.lastSentAt + this.limits.late - this.clock.now();
  }

  /** One timer for all that waits, and none while batches are answered in time or as many hang as may be under way. */
  private watchForLateness(): void {
    if (this.lateTimer || this.inFlight >= this.limits.inFlight) return;
    this.lateTimer = this.clock.after(Math.max(1, this.lateIn()), () => {
      this.lateTimer = undefined;
      this.pump();
    });
  }

  /** The first items that fit together and are not under way already; what is left keeps its order. */
  private take(): Waiting<T, R>[] {
    const batch: Waiting<T, R>[] = [];
    const left: Waiting<T, R>[] = [];
    const keys = new Set(this.busy);
    let bytes = 0;
    for (const waiting of this.waiting) {
      const { key, size } = waiting.item;
      const fits = batch.length === 0 || bytes + size <= this.limits.bytes;
      if (batch.length < this.limits.items && fits && !keys.has(key)) {
        batch.push(waiting);
        bytes += size;
      } else left.push(waiting);
      // A later write of a key must not overtake an earlier one that had no room.
      keys.add(key);
    }
    this.waiting = left;
    return batch;
  }

  private send(batch: readonly Waiting<T, R>[]): void {
    this.inFlight++;
    this.lastSentAt = this.clock.now();
    for (const { item } of batch) this.busy.add(item.key);
    this.commit(batch.map(({ item }) => item))
      .then(
        (results) => this.settle(batch, results),
        (error: unknown) => batch.forEach(({ reject }) => reject(error)),
      )
      .finally(() => {
        this.inFlight--;
        for (const { item } of batch) this.busy.delete(item.key);
        this.schedule();
      });
  }

  private settle(batch: readonly Waiting<T, R>[], results: readonly R[]): void {
    batch.forEach(({ resolve, reject }, i) => {
      const result = results[i];
      if (result === undefined) reject(new Error('the batch came back with fewer results than items'));
      else resolve(result);
    });
  }
}
