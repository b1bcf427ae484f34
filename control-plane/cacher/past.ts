import type { KubeObject } from '../../api/object.ts';
import type { Entry, Store, StoreEvent } from '../storage/port.ts';
import { CacheChange } from './change.ts';
import type { CacheEntry } from './entry.ts';

/** Bytes read ahead of what a watcher has taken; then the reading begins anew where he is. */
const MAX_AHEAD = 8 << 20;
/** Keys whose last state is remembered, so that it need not be asked for again. */
const MAX_REMEMBERED = 4096;
/** So many watchers read the past at once. */
const MAX_READERS = 8;
/** So many wait for their turn; who comes later lists again, which costs the store nothing. */
const MAX_WAITING = 64;

export interface PastOptions<T extends KubeObject> {
  readonly store: Store;
  readonly prefix: string;
  /** undefined for what can't be read. */
  readonly decode: (entry: Entry) => CacheEntry<T> | undefined;
}

export interface PastReader<T extends KubeObject> {
  /** Only keys that begin so, without the store's prefix. */
  readonly keyPrefix: string;
  /** What is known at this revision and later is told by somebody else. */
  readonly isReached: (revision: number) => boolean;
  /** All changes of one revision. */
  readonly take: (changes: readonly CacheChange<T>[]) => Promise<void> | void;
  readonly signal: AbortSignal;
}

/** What the window does not hold any more, read again from the store for as long as that has it. */
export class Past<T extends KubeObject> {
  private readonly options: PastOptions<T>;
  private readers = 0;
  private readonly waiting: (() => void)[] = [];

  constructor(options: PastOptions<T>) {
    this.options = options;
  }

  /**
   * Tells every change after `after`, until it is reached from where on others tell; resolves with that revision.
   * undefined when too many are reading already. Rejects with a CompactedError when the store has forgotten.
   */
  async read(after: number, reader: PastReader<T>): Promise<number | undefined> {
    if (this.readers >= MAX_READERS) {
      if (this.waiting.length >= MAX_WAITING) return undefined;
      await new Promise<void>((resolve) => this.waiting.push(resolve));
    } else this.readers++;
    try {
      return await this.follow(after, reader);
    } finally {
      const next = this.waiting.shift();
      if (next) next();
      else this.readers--;
    }
  }

  private async follow(after: number, reader: PastReader<T>): Promise<number> {
    const known = new Map<string, CacheEntry<T> | undefined>();
    let at = after;
    while (!reader.isReached(at)) {
      for (const events of await this.next(at, reader)) {
        at = events[0]?.revision ?? at;
        const meant = events.filter(({ key }) => key.startsWith(this.options.prefix + reader.keyPrefix));
        if (meant.length > 0) await reader.take(await this.changesOf(meant, events.length > 1, known));
        reader.signal.throwIfAborted();
        if (reader.isReached(at)) break;
      }
    }
    return at;
  }

  /** Whole revisions after `after`, as many as there are up to the limit; one without events when nothing happened. */
  private next(after: number, { isReached, signal }: PastReader<T>): Promise<readonly (readonly StoreEvent[])[]> {
    const revisions: StoreEvent[][] = [];
    let bytes = 0;
    return new Promise((resolve, reject) => {
      const finish = (act: () => void): void => {
        watch.close();
        signal.removeEventListener('abort', onAbort);
        act();
      };
      const onAbort = (): void => finish(() => reject(signal.reason as Error));
      const watch = this.options.store.watch(this.options.prefix, after, {
        onEvents: (events) => {
          for (const event of events) {
            if (revisions.at(-1)?.[0]?.revision === event.revision) revisions.at(-1)?.push(event);
            else revisions.push([event]);
            bytes += event.type === 'put' ? event.value.length : 0;
          }
          if (bytes > MAX_AHEAD || isReached(events.at(-1)?.revision ?? 0)) finish(() => resolve(revisions));
        },
        onProgress: (revision) => {
          if (isReached(revision)) finish(() => resolve([...revisions, [nothingAt(revision)]]));
        },
        onEnd: (error) => finish(() => reject(error)),
      });
      if (signal.aborted) onAbort();
      else signal.addEventListener('abort', onAbort, { once: true });
    });
  }

  private async changesOf(
    events: readonly StoreEvent[],
    shared: boolean,
    known: Map<string, CacheEntry<T> | undefined>,
  ): Promise<CacheChange<T>[]> {
    const changes: CacheChange<T>[] = [];
    for (const event of events) {
      const previous = await this.before(event, known);
      const current = event.type === 'put' ? this.options.decode(event) : undefined;
      if (known.size >= MAX_REMEMBERED) known.clear();
      known.set(event.key, current);
      const key = event.key.slice(this.options.prefix.length);
      if (previous ?? current)
        changes.push(new CacheChange({ key, revision: event.revision, previous, current, shared }));
    }
    return changes;
  }

  /** What the event replaced, which decides what those with a selector are told. */
  private async before(
    event: StoreEvent,
    known: ReadonlyMap<string, CacheEntry<T> | undefined>,
  ): Promise<CacheEntry<T> | undefined> {
    if (event.type === 'put' && event.created) return undefined;
    if (known.has(event.key)) return known.get(event.key);
    const { entries } = await this.options.store.list(event.key, { limit: 1, revision: event.revision - 1 });
    const [entry] = entries;
    return entry?.key === event.key ? this.options.decode(entry) : undefined;
  }
}

/** Stands for a revision that changed nothing of the resource. */
function nothingAt(revision: number): StoreEvent {
  return { type: 'delete', key: '', revision };
}
