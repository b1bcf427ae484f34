/** The watchers that are told of changes as they happen, found by what they can see. */
export interface Narrowed {
  /** Only this key, when it is set. */
  readonly key: string | undefined;
  /** Only keys of this namespace, when it is set. */
  readonly namespace: string | undefined;
}

export class LiveWatchers<W extends Narrowed> {
  private readonly unbound = new Set<W>();
  private readonly byNamespace = new Map<string, Set<W>>();
  private readonly byKey = new Map<string, Set<W>>();

  add(watcher: W): void {
    if (watcher.key !== undefined) addTo(this.byKey, watcher.key, watcher);
    else if (watcher.namespace !== undefined) addTo(this.byNamespace, watcher.namespace, watcher);
    else this.unbound.add(watcher);
  }

  delete(watcher: W): void {
    if (watcher.key !== undefined) deleteFrom(this.byKey, watcher.key, watcher);
    else if (watcher.namespace !== undefined) deleteFrom(this.byNamespace, watcher.namespace, watcher);
    else this.unbound.delete(watcher);
  }

  /** Those that may see a change of this key. They may be deleted meanwhile. */
  *of(key: string): Generator<W> {
    yield* this.unbound;
    const slash = key.indexOf('/');
    if (slash > 0) yield* this.byNamespace.get(key.slice(0, slash)) ?? [];
    yield* this.byKey.get(key) ?? [];
  }

  /** How many {@link of} gives. */
  count(key: string): number {
    const slash = key.indexOf('/');
    const inNamespace = slash > 0 ? (this.byNamespace.get(key.slice(0, slash))?.size ?? 0) : 0;
    return this.unbound.size + inNamespace + (this.byKey.get(key)?.size ?? 0);
  }
}

function addTo<W>(sets: Map<string, Set<W>>, name: string, watcher: W): void {
  const set = sets.get(name) ?? new Set<W>();
  sets.set(name, set.add(watcher));
}

function deleteFrom<W>(sets: Map<string, Set<W>>, name: string, watcher: W): void {
  const set = sets.get(name);
  set?.delete(watcher);
  if (set?.size === 0) sets.delete(name);
}
