import type { StoreEvent, StoreWatch, StoreWatcher } from '../port.ts';
import type { WatchStream, WatchStreamOptions } from './watch-stream.ts';

export interface SharedWatchOptions {
  open: (options: Pick<WatchStreamOptions, 'after' | 'onEvents' | 'onEnd'>) => WatchStream;
  revision: () => Promise<number>;
}

/**
 * All watches of a store over one stream, told apart by prefix. The first begins the stream where it wants to begin; one
 * that wants to begin earlier than the stream is gets a stream of its own until it has caught up.
 */
export class SharedWatch {
  private readonly options: SharedWatchOptions;
  private readonly joined = new Set<Subscriber>();
  private readonly catchingUp = new Set<Subscriber>();
  private stream: WatchStream | undefined;

  constructor(options: SharedWatchOptions) {
    this.options = options;
  }

  watch(prefix: string, after: number, watcher: StoreWatcher): StoreWatch {
    const subscriber = new Subscriber(prefix, after, watcher);
    if (this.stream && after < this.stream.position) this.catchUp(subscriber);
    else this.join(subscriber);
    return {
      requestProgress: () => this.tellProgress(subscriber),
      close: () => this.remove(subscriber),
    };
  }

  /** etcd is at this revision, which the stream has to reach soon. */
  expect(revision: number): void {
    this.stream?.expect(revision);
  }

  close(): void {
    for (const subscriber of [...this.joined, ...this.catchingUp]) this.remove(subscriber);
  }

  private join(subscriber: Subscriber): void {
    this.joined.add(subscriber);
    this.stream ??= this.options.open({
      after: subscriber.position,
      onEvents: (events, revision) => {
        for (const member of this.joined) member.tell(events, revision);
      },
      onEnd: (error) => {
        const ended = [...this.joined];
        this.joined.clear();
        this.stream = undefined;
        for (const member of ended) member.end(error);
      },
    });
  }

  private catchUp(subscriber: Subscriber): void {
    this.catchingUp.add(subscriber);
    const own = this.options.open({
      after: subscriber.position,
      onEvents: (events, revision) => {
        subscriber.tell(events, revision);
        if (subscriber.closed || (this.stream && revision < this.stream.position)) return;
        own.close();
        this.catchingUp.delete(subscriber);
        this.join(subscriber);
      },
      onEnd: (error) => {
        this.catchingUp.delete(subscriber);
        subscriber.end(error);
      },
    });
    subscriber.stopCatchingUp = () => own.close();
  }

  private remove(subscriber: Subscriber): void {
    subscriber.close();
    this.catchingUp.delete(subscriber);
    this.joined.delete(subscriber);
    if (this.joined.size > 0) return;
    this.stream?.close();
    this.stream = undefined;
  }

  /** A watch that is behind tells its progress by itself when it catches up; only one that is not needs an answer. */
  private tellProgress(subscriber: Subscriber): void {
    this.options.revision().then(
      (revision) => {
        if (subscriber.position >= revision) subscriber.progress();
      },
      // The stream itself reports when the store is away; whoever asked is told as soon as it is back.
      () => undefined,
    );
  }
}

class Subscriber {
  position: number;
  closed = false;
  stopCatchingUp: (() => void) | undefined;
  private readonly prefix: string;
  private readonly watcher: StoreWatcher;

  constructor(prefix: string, after: number, watcher: StoreWatcher) {
    this.prefix = prefix;
    this.position = after;
    this.watcher = watcher;
  }

  tell(events: readonly StoreEvent[], revision: number): void {
    if (this.closed || revision <= this.position) return;
    const mine = events.filter((event) => event.revision > this.position && event.key.startsWith(this.prefix));
    this.position = revision;
    if (mine.length > 0) this.watcher.onEvents(mine);
    if (mine.at(-1)?.revision !== revision) this.progress();
  }

  progress(): void {
    if (!this.closed) this.watcher.onProgress(this.position);
  }

  end(error: Error): void {
    if (this.closed) return;
    this.close();
    this.watcher.onEnd(error);
  }

  close(): void {
    this.closed = true;
    this.stopCatchingUp?.();
  }
}
