/**
 * A view: what is known now of a set of objects, and the changes to it as they come.
 *
 * The watch cache of a server, what an agent holds of its node's desired state and the in-memory view of a test are all
 * views. Objects in a view are never edited in place; a change replaces them.
 */

export interface Change<T> {
  readonly type: 'added' | 'updated' | 'deleted';
  readonly key: string;
  /** As it is now; as it was last, when deleted. */
  readonly object: T;
  /** As it was before; absent when added. */
  readonly previous?: T;
}

export type Listener<T> = (change: Change<T>) => void;
export type IndexFunction<T> = (object: T) => readonly string[];

export interface View<T> {
  /** Resolves once the view holds a complete first state. */
  whenSynced(): Promise<void>;
  readonly synced: boolean;
  readonly size: number;
  get(key: string): T | undefined;
  list(): Iterable<T>;
  /** Objects for which the index function named `index` returned `value`. An unknown index throws. */
  byIndex(index: string, value: string): Iterable<T>;
  /**
   * Calls `listener` for each later change, synchronously and in order, after `get` and the indexes show it.
   * Returns the function that ends it. What is there already is not replayed: read it with `list`.
   */
  subscribe(listener: Listener<T>): () => void;
}

/** The view that is a map. Whoever fills it calls `set`, `delete` or `replace`, and `markSynced` once. */
export class MapView<T> implements View<T> {
  private readonly objects = new Map<string, T>();
  private readonly listeners = new Set<Listener<T>>();
  private readonly indexes: Map<string, { of: IndexFunction<T>; keys: Map<string, Set<string>> }>;
  private readonly firstSync = Promise.withResolvers<void>();
  private isSynced = false;

  constructor(indexes: Record<string, IndexFunction<T>> = {}) {
    this.indexes = new Map(Object.entries(indexes).map(([name, of]) => [name, { of, keys: new Map() }]));
  }

  get synced(): boolean {
    return this.isSynced;
  }

  get size(): number {
    return this.objects.size;
  }

  whenSynced(): Promise<void> {
    return this.firstSync.promise;
  }

  markSynced(): void {
    this.isSynced = true;
    this.firstSync.resolve();
  }

  get(key: string): T | undefined {
    return this.objects.get(key);
  }

  list(): Iterable<T> {
    return this.objects.values();
  }

  keys(): Iterable<string> {
    return this.objects.keys();
  }

  byIndex(index: string, value: string): Iterable<T> {
    const found = this.indexes.get(index);
    if (!found) throw new Error(`no index ${index}`);
    const keys = found.keys.get(value);
    return keys ? this.objectsOf(keys) : [];
  }

  subscribe(listener: Listener<T>): () => void {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  }

  set(key: string, object: T): void {
    const previous = this.objects.get(key);
    this.objects.set(key, object);
    this.reindex(key, previous, object);
    this.emit(previous === undefined ? { type: 'added', key, object } : { type: 'updated', key, object, previous });
  }

  delete(key: string): void {
    const previous = this.objects.get(key);
    if (previous === undefined) return;
    this.objects.delete(key);
    this.reindex(key, previous, undefined);
    this.emit({ type: 'deleted', key, object: previous, previous });
  }

  /** Makes the view hold exactly `next`, telling listeners only what is different by `isSame`. */
  replace(next: ReadonlyMap<string, T>, isSame: (before: T, now: T) => boolean): void {
    for (const key of this.objects.keys()) if (!next.has(key)) this.delete(key);
    for (const [key, object] of next) {
      const before = this.objects.get(key);
      if (before === undefined || !isSame(before, object)) this.set(key, object);
    }
  }

  private *objectsOf(keys: Iterable<string>): Iterable<T> {
    for (const key of keys) {
      const object = this.objects.get(key);
      if (object !== undefined) yield object;
    }
  }

  private reindex(key: string, previous: T | undefined, now: T | undefined): void {
    for (const { of, keys } of this.indexes.values()) {
      const before = previous === undefined ? [] : of(previous);
      const after = now === undefined ? [] : of(now);
      if (isSameList(before, after)) continue;
      for (const value of before) {
        const set = keys.get(value);
        set?.delete(key);
        if (set?.size === 0) keys.delete(value);
      }
      for (const value of after) {
        const set = keys.get(value) ?? new Set();
        set.add(key);
        keys.set(value, set);
      }
    }
  }

  private emit(change: Change<T>): void {
    for (const listener of this.listeners) listener(change);
  }
}

function isSameList(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((value, index) => value === b[index]);
}
