import type { KubeObject } from '../../api/object.ts';
import type { Log } from '../../lib/log.ts';
import { MapView, type IndexFunction } from '../../lib/view.ts';
import type { Entry, StoreEvent } from '../storage/port.ts';
import { CacheChange } from './change.ts';
import { CacheEntry, type Parse } from './entry.ts';
import { SortedItems } from './sorted.ts';
import { WrittenObjects } from './written.ts';

export interface CacheStateOptions<T extends KubeObject> {
  prefix: string;
  log: Log;
  indexes: Record<string, IndexFunction<T>>;
  parse: Parse<T>;
  /** Makes JSON of what is stored under a key. */
  decode: (value: Buffer, key: string) => Buffer;
}

/** The objects of a cache: in the order of their keys, and as a view. */
export class CacheState<T extends KubeObject> {
  readonly view: MapView<T>;
  readonly written = new WrittenObjects<T>();
  private readonly options: CacheStateOptions<T>;
  private entries = new Map<string, CacheEntry<T>>();
  private sorted = new SortedItems<CacheEntry<T>>();

  constructor(options: CacheStateOptions<T>) {
    this.options = options;
    this.view = new MapView(options.indexes);
  }

  get(key: string): CacheEntry<T> | undefined {
    return this.entries.get(key);
  }

  list(namespace: string | undefined): readonly CacheEntry<T>[] {
    return namespace === undefined ? this.sorted.all() : this.sorted.under(namespace);
  }

  /** The object of this key, if there is one. */
  only(key: string): readonly CacheEntry<T>[] {
    const entry = this.entries.get(key);
    return entry ? [entry] : [];
  }

  /** Takes in the events of one revision and returns what they changed. The view is told by {@link publish}. */
  apply(events: readonly StoreEvent[]): CacheChange<T>[] {
    const shared = events.length > 1;
    return events.flatMap((event) => {
      const key = this.keyOf(event.key);
      const previous = this.entries.get(key);
      const current = event.type === 'put' ? this.decode(event) : undefined;
      if (!previous && !current) return [];
      this.put(key, current);
      return [new CacheChange({ key, revision: event.revision, previous, current, shared })];
    });
  }

  publish(changes: readonly CacheChange<T>[]): void {
    for (const { key, current } of changes) {
      if (current) this.view.set(key, current.object);
      else this.view.delete(key);
    }
  }

  /** Holds exactly `stored`, which is in the order of the keys; the view is told what differs from before. */
  replace(stored: readonly Entry[]): void {
    this.written.clear();
    const next = stored.map((entry) => this.decode(entry)).filter((entry) => entry !== undefined);
    this.entries = new Map(next.map((entry) => [entry.key, entry]));
    this.sorted = new SortedItems(next);
    const objects = new Map(next.map(({ key, object }) => [key, object]));
    this.view.replace(
      objects,
      (before, now) =>
        before.metadata.resourceVersion === now.metadata.resourceVersion && before.metadata.uid === now.metadata.uid,
    );
  }

  private put(key: string, current: CacheEntry<T> | undefined): void {
    if (current) {
      this.entries.set(key, current);
      this.sorted.set(current);
    } else {
      this.entries.delete(key);
      this.sorted.delete(key);
    }
  }

  /** A value that can't be read is left out, as no client could be told of it; the log names it. */
  decode({ key, value, revision }: Pick<Entry, 'key' | 'value' | 'revision'>): CacheEntry<T> | undefined {
    try {
      const json = this.options.decode(value, key);
      const name = this.keyOf(key);
      return CacheEntry.decode({ key: name, json, revision }, this.options.parse, this.written.take(name, json));
    } catch (error) {
      this.options.log.error({ err: error, key, revision }, 'a stored object cannot be read');
      return undefined;
    }
  }

  private keyOf(storeKey: string): string {
    return storeKey.slice(this.options.prefix.length);
  }
}
