/**
 * The store in memory: for tests and simulations, with the behaviour of the real one. Writes of one turn of the event
 * loop share a commit, watches are told later than the writer, and history can be compacted.
 */
import type { Clock, Timer } from '../../lib/clock.ts';
import {
  CompactedError,
  FutureRevisionError,
  MAX_VALUE_BYTES,
  StoreLimitError,
  type Entry,
  type ListOptions,
  type ListResult,
  type Store,
  type StoreEvent,
  type StoreWatch,
  type StoreWatcher,
  type Write,
  type WriteResult,
} from './port.ts';
import { MemoryWatch } from './memory-watch.ts';

interface Version {
  readonly revision: number;
  /** null: deleted at this revision. */
  readonly value: Buffer | null;
}

interface PendingWrite {
  readonly write: Write;
  readonly resolve: (result: WriteResult) => void;
}

export class MemoryStore implements Store {
  private readonly clock: Clock;
  private readonly versions = new Map<string, Version[]>();
  /** Every key that has a version, in order. */
  private sortedKeys: string[] = [];
  private readonly timers = new Map<string, Timer>();
  private readonly watches = new Set<MemoryWatch>();
  private history: StoreEvent[] = [];
  private pending: PendingWrite[] = [];
  private current = 1;
  private compacted = 0;

  constructor({ clock }: { clock: Clock }) {
    this.clock = clock;
  }

  async get(key: string, signal?: AbortSignal): Promise<Entry | undefined> {
    signal?.throwIfAborted();
    await Promise.resolve();
    return this.latest(key);
  }

  async list(prefix: string, options: ListOptions = {}): Promise<ListResult> {
    options.signal?.throwIfAborted();
    await Promise.resolve();
    const revision = options.revision ?? this.current;
    if (revision > this.current) throw new FutureRevisionError(this.current);
    if (revision < this.compacted) throw new CompactedError(this.compacted);
    const found = this.entriesAt(prefix, options.after ?? '', revision);
    const entries = found.slice(0, options.limit ?? found.length);
    const remaining = found.length - entries.length;
    return { entries, revision, more: remaining > 0, remaining };
  }

  write(write: Write): Promise<WriteResult> {
    const size = (write.value?.length ?? 0) + write.key.length;
    if (size > MAX_VALUE_BYTES) {
      return Promise.reject(new StoreLimitError(`${write.key} has ${size} bytes; the store takes ${MAX_VALUE_BYTES}`));
    }
    return new Promise((resolve) => {
      this.pending.push({ write, resolve });
      if (this.pending.length === 1) queueMicrotask(() => this.commitPending());
    });
  }

  async revision(): Promise<number> {
    await Promise.resolve();
    return this.current;
  }

  watch(prefix: string, after: number, watcher: StoreWatcher): StoreWatch {
    const watch = new MemoryWatch({ prefix, after, watcher, onClose: () => void this.watches.delete(watch) });
    if (after < this.compacted) {
      watch.end(new CompactedError(this.compacted));
      return watch;
    }
    this.watches.add(watch);
    watch.offer(this.history, this.current);
    return watch;
  }

  async compact(revision: number): Promise<void> {
    await Promise.resolve();
    if (revision > this.current) throw new FutureRevisionError(this.current);
    if (revision <= this.compacted) return;
    this.compacted = revision;
    this.history = this.history.filter((event) => event.revision > revision);
    for (const [key, versions] of this.versions) this.forget(key, versions, revision);
    this.sortedKeys = this.sortedKeys.filter((key) => this.versions.has(key));
  }

  /**
   * Loses the connection of every watch while `meanwhile` runs, as when a server is away: they resume afterwards, or
   * end when what they missed was compacted.
   */
  async disconnect(meanwhile: () => Promise<void>): Promise<void> {
    const cut = [...this.watches];
    this.watches.clear();
    await meanwhile();
    for (const watch of cut) {
      if (watch.position < this.compacted) watch.end(new CompactedError(this.compacted));
      else {
        this.watches.add(watch);
        watch.offer(this.history, this.current);
      }
    }
  }

  private forget(key: string, versions: Version[], revision: number): void {
    const base = versions.findLastIndex((version) => version.revision <= revision);
    if (base < 0) return;
    versions.splice(0, versions[base]?.value === null ? base + 1 : base);
    if (versions.length === 0) this.versions.delete(key);
  }

  private latest(key: string): Entry | undefined {
    const version = this.versions.get(key)?.at(-1);
    return version?.value ? { key, value: version.value, revision: version.revision } : undefined;
  }

  private entriesAt(prefix: string, after: string, revision: number): Entry[] {
    const entries: Entry[] = [];
    for (let at = this.position(prefix); at < this.sortedKeys.length; at++) {
      const key = this.sortedKeys[at] ?? '';
      if (!key.startsWith(prefix)) break;
      if (key <= after) continue;
      const version = this.versions.get(key)?.findLast((candidate) => candidate.revision <= revision);
      if (version?.value) entries.push({ key, value: version.value, revision: version.revision });
    }
    return entries;
  }

  /** Where `key` is in the sorted keys, or would be. */
  private position(key: string): number {
    let low = 0;
    let high = this.sortedKeys.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.sortedKeys[middle] ?? '') < key) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** One commit can't write a key twice: the second write of a key begins the next commit. */
  private commitPending(): void {
    const pending = this.pending;
    this.pending = [];
    let group = new Map<string, PendingWrite>();
    for (const item of pending) {
      if (group.has(item.write.key)) {
        this.commit([...group.values()]);
        group = new Map();
      }
      group.set(item.write.key, item);
    }
    this.commit([...group.values()]);
  }

  private commit(group: readonly PendingWrite[]): void {
    const revision = this.current + 1;
    const events: StoreEvent[] = [];
    const answers = group.map(({ write, resolve }) => {
      const current = this.latest(write.key);
      const isFree = write.absent === undefined || this.latest(write.absent) === undefined;
      const ok = isFree && (current?.revision ?? 0) === write.expected;
      if (ok) events.push(...this.apply(write, current, revision));
      return { resolve, ok, current };
    });
    this.publish(events);
    for (const { resolve, ok, current } of answers) resolve(ok ? { ok, revision: this.current } : { ok, current });
  }

  private apply(write: Write, current: Entry | undefined, revision: number): StoreEvent[] {
    const { key, value, ttlSeconds } = write;
    if (value === null && !current) return [];
    this.timers.get(key)?.cancel();
    this.timers.delete(key);
    const versions = this.versions.get(key);
    if (versions) versions.push({ revision, value });
    else {
      this.versions.set(key, [{ revision, value }]);
      this.sortedKeys.splice(this.position(key), 0, key);
    }
    if (value === null) return [{ type: 'delete', key, revision }];
    if (ttlSeconds !== undefined)
      this.timers.set(
        key,
        this.clock.after(ttlSeconds * 1000, () => this.expire(key)),
      );
    return [{ type: 'put', key, value, revision, created: !current }];
  }

  private expire(key: string): void {
    const current = this.latest(key);
    if (current) this.publish(this.apply({ key, expected: current.revision, value: null }, current, this.current + 1));
  }

  private publish(events: readonly StoreEvent[]): void {
    if (events.length === 0) return;
    this.current += 1;
    this.history.push(...events);
    for (const watch of this.watches) watch.offer(events, this.current);
  }
}
