import { UnavailableError } from '../port.ts';

export interface BatchItem {
  readonly key: string;
  /** Bytes that it adds to a request. */
  readonly size: number;
}

export interface BatcherOptions<T extends BatchItem, R> {
  /** Carries out a batch, one result for each item. Keys in a batch are unique. */
  commit: (items: readonly T[]) => Promise<readonly R[]>;
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
  /** Items that may wait; more are refused. */
  readonly waiting: number;
}

/** etcd takes 128 operations in a transaction and counts the outer one; a request may have 1.5 MiB. */
export const DEFAULT_LIMITS: BatchLimits = { items: 127, bytes: 1 << 20, inFlight: 4, full: 50, waiting: 20_000 };

interface Waiting<T, R> {
  readonly item: T;
  readonly resolve: (result: R) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Puts independent items together. With nothing under way they go out in the same turn; otherwise they collect until an
 * answer comes or a batch is full, so that batches grow with the load and nobody waits for a timer.
 */
export class Batcher<T extends BatchItem, R> {
  private readonly commit: BatcherOptions<T, R>['commit'];
  private readonly limits: BatchLimits;
  private waiting: Waiting<T, R>[] = [];
  private inFlight = 0;
  private scheduled = false;

  constructor({ commit, limits }: BatcherOptions<T, R>) {
    this.commit = commit;
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
    while (this.waiting.length > 0 && this.maySend()) this.send(this.take());
  }

  private maySend(): boolean {
    if (this.inFlight === 0) return true;
    return this.inFlight < this.limits.inFlight && this.waiting.length >= this.limits.full;
  }

  /** The first items that fit together; what is left keeps its order. */
  private take(): Waiting<T, R>[] {
    const batch: Waiting<T, R>[] = [];
    const left: Waiting<T, R>[] = [];
    const keys = new Set<string>();
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
    this.commit(batch.map(({ item }) => item))
      .then(
        (results) => this.settle(batch, results),
        (error: unknown) => batch.forEach(({ reject }) => reject(error)),
      )
      .finally(() => {
        this.inFlight--;
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
