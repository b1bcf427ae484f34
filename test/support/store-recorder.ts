/** A watcher that keeps what it is told, so that a test can wait for it. */
import type { Store, StoreEvent, StoreWatch } from '../../control-plane/storage/port.ts';

interface Waiter {
  readonly done: () => boolean;
  readonly resolve: () => void;
}

export class Recorder {
  readonly events: StoreEvent[] = [];
  /** What came in each call. */
  readonly calls: (readonly StoreEvent[])[] = [];
  /** The error with which the store ended the watch. */
  readonly ended: Promise<Error>;
  progress = 0;
  private readonly watch: StoreWatch;
  private readonly waiters = new Set<Waiter>();

  constructor(store: Store, prefix: string, after: number) {
    const end = Promise.withResolvers<Error>();
    this.ended = end.promise;
    this.watch = store.watch(prefix, after, {
      onEvents: (events) => {
        this.calls.push(events);
        this.events.push(...events);
        this.progress = events.at(-1)?.revision ?? this.progress;
        this.check();
      },
      onProgress: (revision) => {
        this.progress = revision;
        this.check();
      },
      onEnd: (error) => end.resolve(error),
    });
  }

  untilEvents(count: number): Promise<void> {
    return this.until(() => this.events.length >= count);
  }

  untilProgress(revision: number): Promise<void> {
    return this.until(() => this.progress >= revision);
  }

  requestProgress(): void {
    this.watch.requestProgress();
  }

  close(): void {
    this.watch.close();
  }

  private until(done: () => boolean): Promise<void> {
    if (done()) return Promise.resolve();
    return new Promise((resolve) => this.waiters.add({ done, resolve }));
  }

  private check(): void {
    for (const waiter of this.waiters) {
      if (!waiter.done()) continue;
      this.waiters.delete(waiter);
      waiter.resolve();
    }
  }
}
