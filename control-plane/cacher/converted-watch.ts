import { expired } from '../../api/errors.ts';
import type { KubeObject } from '../../api/object.ts';
import type { Cached, ResourceCache, WatchEvent, WatchRequest } from './port.ts';

/** Events that may wait for a conversion before the watch is ended; its client lists again. */
const MAX_WAITING = 10_000;

type Shown<T extends KubeObject> = readonly Cached<T>[] | Promise<readonly Cached<T>[]>;

export interface ConvertedWatchOptions<T extends KubeObject> {
  source: ResourceCache<KubeObject>;
  request: WatchRequest<T>;
  show: (stored: readonly Cached<KubeObject>[]) => Shown<T>;
  event: (
    from: WatchEvent<KubeObject>,
    type: WatchEvent<T>['type'],
    entry: Cached<T>,
    previous?: Cached<T>,
  ) => WatchEvent<T>;
}

/**
 * One watch of a converted version. The selector is asked of converted objects, so the source is watched without one. A step
 * that needs no waiting is taken at once; after one that does, all others wait their turn.
 */
export class ConvertedWatch<T extends KubeObject> {
  private readonly options: ConvertedWatchOptions<T>;
  private readonly request: WatchRequest<T>;
  private watching: { close(): void } | undefined;
  private tail: Promise<void> | undefined;
  private waiting = 0;
  private isOver = false;

  constructor(options: ConvertedWatchOptions<T>) {
    this.options = options;
    this.request = options.request;
  }

  /** What is there already is converted together, before it is replayed one by one. */
  start(): void {
    const { source, show } = this.options;
    const { after, namespace, key } = this.request;
    const stored = (): readonly Cached<KubeObject>[] => {
      if (key === undefined) return source.list(namespace);
      const entry = source.get(key);
      return entry ? [entry] : [];
    };
    const first = after === undefined ? (): Shown<T> => show(stored()) : undefined;
    queueMicrotask(() => {
      this.take(() => this.settled(first?.(), () => this.join()));
    });
  }

  close(): void {
    this.isOver = true;
    this.watching?.close();
  }

  private join(): void {
    if (this.isOver) return;
    const { after, namespace, key } = this.request;
    this.watching = this.options.source.watch({
      after,
      namespace,
      key,
      matches: () => true,
      onEvent: (event) => this.take(() => this.deliver(event)),
      onStateSent: (revision) => this.take(() => this.request.onStateSent?.(revision)),
      onBookmark: (revision) => this.take(() => this.request.onBookmark(revision)),
      onEnd: (error) => this.take(() => this.end(error)),
      ready: async () => {
        await this.tail;
        await this.request.ready?.();
      },
    });
  }

  private deliver(event: WatchEvent<KubeObject>): void | Promise<void> {
    const before = event.previous ? [event.previous] : [];
    return this.settled(this.options.show([event.entry, ...before]), ([entry, previous]) => {
      if (this.isOver || !entry) return;
      const was = previous !== undefined && this.request.matches(previous.object);
      const is = event.type !== 'DELETED' && this.request.matches(entry.object);
      if (!was && !is) return;
      this.request.onEvent(this.options.event(event, is ? (was ? 'MODIFIED' : 'ADDED') : 'DELETED', entry, previous));
    });
  }

  private settled<R>(value: R | Promise<R>, then: (value: R) => void): void | Promise<void> {
    return value instanceof Promise ? value.then(then) : then(value);
  }

  private take(step: () => void | Promise<void>): void {
    if (this.isOver) return;
    if (this.tail) {
      this.wait(step);
      return;
    }
    try {
      const running = step();
      if (running instanceof Promise) this.follow(running);
    } catch (error) {
      this.end(error);
    }
  }

  private wait(step: () => void | Promise<void>): void {
    this.waiting++;
    if (this.waiting > MAX_WAITING) {
      this.end(expired('too slow for the conversion of its objects'));
      return;
    }
    this.follow(
      (this.tail ?? Promise.resolve()).then(() => {
        this.waiting--;
        return this.isOver ? undefined : step();
      }),
    );
  }

  private follow(running: Promise<void>): void {
    const tail: Promise<void> = running
      .catch((error: unknown) => this.end(error))
      .then(() => {
        if (this.tail === tail) this.tail = undefined;
      });
    this.tail = tail;
  }

  private end(error: unknown): void {
    if (this.isOver) return;
    this.close();
    this.request.onEnd(error === undefined || error instanceof Error ? error : new Error('failed', { cause: error }));
  }
}
