import type { StoreEvent, StoreWatch, StoreWatcher } from './port.ts';

export interface MemoryWatchOptions {
  prefix: string;
  /** Only events after this revision. */
  after: number;
  watcher: StoreWatcher;
  onClose: () => void;
}

/** One watch of the store in memory; tells its watcher in a later microtask, as a store behind a connection would. */
export class MemoryWatch implements StoreWatch {
  private readonly prefix: string;
  private readonly watcher: StoreWatcher;
  private readonly onClose: () => void;
  private reached: number;
  private waiting: StoreEvent[] = [];
  private scheduled = false;
  private closed = false;
  private failure: Error | undefined;

  constructor({ prefix, after, watcher, onClose }: MemoryWatchOptions) {
    this.prefix = prefix;
    this.watcher = watcher;
    this.onClose = onClose;
    this.reached = after;
  }

  /** The revision up to which it was offered everything. */
  get position(): number {
    return this.reached;
  }

  /** Whole revisions, up to and including `revision`; what is not newer than what was offered before is left out. */
  offer(events: readonly StoreEvent[], revision: number): void {
    for (const event of events) {
      if (event.revision > this.reached && event.key.startsWith(this.prefix)) this.waiting.push(event);
    }
    this.reached = Math.max(this.reached, revision);
    this.schedule();
  }

  end(error: Error): void {
    this.failure = error;
    this.schedule();
  }

  requestProgress(): void {
    this.schedule();
  }

  close(): void {
    this.closed = true;
    this.onClose();
  }

  private schedule(): void {
    if (this.scheduled) return;
    this.scheduled = true;
    queueMicrotask(() => this.deliver());
  }

  private deliver(): void {
    this.scheduled = false;
    if (this.closed) return;
    if (this.failure) {
      this.close();
      this.watcher.onEnd(this.failure);
      return;
    }
    const events = this.waiting;
    this.waiting = [];
    if (events.length > 0) this.watcher.onEvents(events);
    else this.watcher.onProgress(this.reached);
  }
}
