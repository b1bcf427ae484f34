/** A store whose requests are counted and timed. */
import type { Clock } from '../../lib/clock.ts';
import type { Entry, ListOptions, ListResult, Store, StoreWatch, StoreWatcher, Write, WriteResult } from './port.ts';

export interface StoreMetrics {
  asked(operation: Operation, seconds: number, isFailed: boolean): void;
}

export type Operation = 'get' | 'list' | 'create' | 'update' | 'delete' | 'revision' | 'compact';

export class MeasuredStore implements Store {
  private readonly store: Store;
  private readonly metrics: StoreMetrics;
  private readonly clock: Clock;

  constructor(options: { readonly store: Store; readonly metrics: StoreMetrics; readonly clock: Clock }) {
    this.store = options.store;
    this.metrics = options.metrics;
    this.clock = options.clock;
  }

  get(key: string, signal?: AbortSignal): Promise<Entry | undefined> {
    return this.measure('get', this.store.get(key, signal));
  }

  list(prefix: string, options?: ListOptions): Promise<ListResult> {
    return this.measure('list', this.store.list(prefix, options));
  }

  write(write: Write): Promise<WriteResult> {
    const operation = write.value === null ? 'delete' : write.expected === 0 ? 'create' : 'update';
    return this.measure(operation, this.store.write(write));
  }

  revision(): Promise<number> {
    return this.measure('revision', this.store.revision());
  }

  watch(prefix: string, after: number, watcher: StoreWatcher): StoreWatch {
    return this.store.watch(prefix, after, watcher);
  }

  compact(revision: number): Promise<void> {
    return this.measure('compact', this.store.compact(revision));
  }

  private async measure<T>(operation: Operation, request: Promise<T>): Promise<T> {
    const began = this.clock.now();
    try {
      const answer = await request;
      this.metrics.asked(operation, (this.clock.now() - began) / 1000, false);
      return answer;
    } catch (error) {
      this.metrics.asked(operation, (this.clock.now() - began) / 1000, true);
      throw error;
    }
  }
}
