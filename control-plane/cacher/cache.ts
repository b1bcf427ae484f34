import type { Kind } from '../../api/kinds.ts';
import { keyOf, type KubeObject } from '../../api/object.ts';
import { expired } from '../../api/errors.ts';
import { backoffDelay } from '../../lib/backoff.ts';
import { sleep, type Clock } from '../../lib/clock.ts';
import type { Component } from '../../lib/component.ts';
import type { Log } from '../../lib/log.ts';
import type { IndexFunction, View } from '../../lib/view.ts';
import { CompactedError, type Entry, type Store, type StoreEvent, type StoreWatch } from '../storage/port.ts';
import { Bookmarks } from './bookmarks.ts';
import { CacheChange } from './change.ts';
import { insertVersion } from './encoding.ts';
import { freeze, type Parse } from './entry.ts';
import { Freshness } from './freshness.ts';
import { LiveWatchers } from './live-watchers.ts';
import type { CacheMetrics } from './metrics.ts';
import { Past } from './past.ts';
import type { Cached, ResourceCache, WatchRequest } from './port.ts';
import { CacheState } from './state.ts';
import { CacheWatcher, type WatchSource } from './watcher.ts';
import { DEFAULT_BOUNDS, EventWindow, type WindowBounds } from './window.ts';

const PAGE = 1000;
const RELIST_BACKOFF = { initial: 100, max: 5_000, factor: 2 };

export interface WatchCacheOptions<T extends KubeObject> {
  kind: Kind<T>;
  store: Store;
  /** Where the resource's keys begin, with a slash at the end: `/registry/<group>/<resource>/`. */
  prefix: string;
  clock: Clock;
  log: Log;
  metrics?: CacheMetrics;
  indexes?: Record<string, IndexFunction<T>>;
  /** Makes the object of its JSON; `JSON.parse` when absent. Must return a new object each time. */
  parse?: Parse<T>;
  /** Makes JSON of what is stored under a store key, such as by decrypting it; the identity when absent. */
  decode?: (value: Buffer, key: string) => Buffer;
  bounds?: Partial<WindowBounds>;
}

/** One resource's watch cache: the state as of one revision, a window of recent changes, and those who watch. */
export class WatchCache<T extends KubeObject> implements ResourceCache<T>, Component {
  readonly name: string;
  private readonly store: Store;
  private readonly prefix: string;
  private readonly clock: Clock;
  private readonly log: Log;
  private readonly metrics: CacheMetrics | undefined;
  private readonly state: CacheState<T>;
  private readonly window: EventWindow<T>;
  private readonly freshness: Freshness;
  private readonly bookmarks: Bookmarks;
  private readonly source: WatchSource<T>;
  /** All of them, those that still replay included. */
  private readonly watchers = new Set<CacheWatcher<T>>();
  private readonly live = new LiveWatchers<CacheWatcher<T>>();
  private readonly stopping = new AbortController();
  private storeWatch: StoreWatch | undefined;
  private held = 0;

  constructor(options: WatchCacheOptions<T>) {
    const { kind, store, prefix, clock, metrics, indexes = {} } = options;
    this.name = `cache of ${kind.plural}`;
    this.store = store;
    this.prefix = prefix;
    this.clock = clock;
    this.log = options.log.child({ resource: kind.plural });
    this.metrics = metrics;
    const parse = options.parse ?? ((json): T => JSON.parse(json.toString()) as T);
    const decode = options.decode ?? ((value): Buffer => value);
    this.state = new CacheState({ prefix, log: this.log, indexes, parse, decode });
    this.window = new EventWindow(clock, { ...DEFAULT_BOUNDS, ...options.bounds });
    this.freshness = new Freshness({
      clock,
      ask: () => store.revision(),
      current: () => this.held,
      onBehind: () => this.storeWatch?.requestProgress(),
    });
    this.bookmarks = new Bookmarks({ clock, revision: () => this.held });
    this.source = this.watchSource();
  }

  get view(): View<T> {
    return this.state.view;
  }

  get revision(): number {
    return this.held;
  }

  watchersOf(key: string): number {
    return this.live.count(key);
  }

  async start(): Promise<void> {
    await this.fill();
    this.state.view.markSynced();
  }

  stop(): Promise<void> {
    this.stopping.abort(new Error('the cache was stopped'));
    this.storeWatch?.close();
    this.bookmarks.all();
    this.bookmarks.stop();
    for (const watcher of this.watchers) watcher.end(undefined);
    this.freshness.stop();
    return Promise.resolve();
  }

  get(key: string): Cached<T> | undefined {
    return this.state.get(key);
  }

  list(namespace: string | undefined): readonly Cached<T>[] {
    return this.state.list(namespace);
  }

  show(stored: readonly Cached<KubeObject>[]): readonly Cached<T>[] {
    return stored as readonly Cached<T>[];
  }

  expect(key: string, value: Buffer, object: T): void {
    this.state.written.expect(key, value, object);
  }

  landed(key: string, value: Buffer, object: T): T {
    const told = this.state.get(key);
    if (told && String(told.revision) === object.metadata.resourceVersion) return told.object;
    this.state.written.landed(key, value, freeze(object));
    return object;
  }

  forget(key: string, value: Buffer): void {
    this.state.written.forget(key, value);
  }

  bytesOf(object: T): Buffer | undefined {
    const key = keyOf(object);
    const told = this.state.get(key);
    if (told?.object === object) return told.bytes;
    const value = this.state.written.valueOf(key, object);
    return value && insertVersion(value, Number(object.metadata.resourceVersion))?.bytes;
  }

  whenFresh(signal?: AbortSignal): Promise<number> {
    return this.freshness.whenFresh(signal);
  }

  waitFor(revision: number, signal?: AbortSignal): Promise<void> {
    return this.freshness.waitFor(revision, signal);
  }

  watch(request: WatchRequest<T>): { close(): void } {
    const watcher = new CacheWatcher(request, this.source);
    this.watchers.add(watcher);
    this.metrics?.watchers(1);
    queueMicrotask(() => {
      if (this.stopping.signal.aborted) watcher.end(undefined);
      else watcher.run().catch((error: unknown) => this.fail(watcher, error));
    });
    return watcher;
  }

  private watchSource(): WatchSource<T> {
    return {
      window: this.window,
      past: new Past({
        store: this.store,
        prefix: this.prefix,
        decode: (entry) => this.state.decode(entry),
      }),
      revision: () => this.held,
      list: (namespace, key) => (key === undefined ? this.state.list(namespace) : this.state.only(key)),
      join: (watcher) => {
        this.live.add(watcher);
        this.bookmarks.add(watcher);
      },
      leave: (watcher) => {
        this.live.delete(watcher);
        this.bookmarks.remove(watcher);
        if (this.watchers.delete(watcher)) this.metrics?.watchers(-1);
      },
    };
  }

  /** Lists in pages of one state and watches from there. */
  private async fill(): Promise<void> {
    const entries: Entry[] = [];
    let page = await this.store.list(this.prefix, { limit: PAGE, signal: this.stopping.signal });
    const { revision } = page;
    entries.push(...page.entries);
    while (page.more) {
      const after = entries.at(-1)?.key ?? '';
      page = await this.store.list(this.prefix, { limit: PAGE, after, revision, signal: this.stopping.signal });
      entries.push(...page.entries);
    }
    this.stopping.signal.throwIfAborted();
    this.begin(entries, revision);
  }

  private begin(entries: readonly Entry[], revision: number): void {
    for (const watcher of this.watchers) {
      watcher.end(expired('the watch cache was filled anew'));
      this.metrics?.terminated();
    }
    this.held = revision;
    this.window.reset(revision);
    this.state.replace(entries);
    this.rememberLastCommit(revision);
    this.metrics?.relisted();
    this.metrics?.objects(this.state.view.size);
    this.storeWatch = this.store.watch(this.prefix, revision, {
      onEvents: (events) => this.take(events),
      onProgress: (progress) => this.advance(progress),
      onEnd: (error) => this.restart(error),
    });
    this.freshness.reached(revision);
  }

  /** A client may have been cut off in the middle of the commit at which the list was taken: see {@link CacheWatcher}. */
  private rememberLastCommit(revision: number): void {
    const entries = this.state.list(undefined).filter((entry) => entry.revision === revision);
    if (entries.length < 2) return;
    this.window.append(
      entries.map(
        (entry) => new CacheChange({ key: entry.key, previous: entry, current: entry, revision, shared: true }),
      ),
    );
  }

  private restart(error: Error): void {
    if (error instanceof CompactedError) this.log.warn({ oldest: error.oldest }, 'the store was compacted: list again');
    else this.log.error({ err: error }, 'the watch of the store ended: list again');
    this.storeWatch = undefined;
    this.refill().catch((failure: unknown) => this.log.debug({ err: failure }, 'stopped while listing again'));
  }

  /** Rejects only when the cache is stopped. */
  private async refill(): Promise<void> {
    for (let attempt = 0; ; attempt++) {
      try {
        await this.fill();
        return;
      } catch (error) {
        this.stopping.signal.throwIfAborted();
        this.log.warn({ err: error, attempt }, 'the store could not be listed');
        await sleep(this.clock, backoffDelay(RELIST_BACKOFF, attempt), this.stopping.signal);
      }
    }
  }

  private take(events: readonly StoreEvent[]): void {
    for (let from = 0; from < events.length;) {
      const revision = events[from]?.revision;
      let to = from + 1;
      while (events[to]?.revision === revision) to++;
      this.takeRevision(events.slice(from, to), revision ?? 0);
      from = to;
    }
    this.metrics?.received(events.length);
    this.metrics?.objects(this.state.view.size);
    this.freshness.reached(this.held);
  }

  /** The state and the window show the whole revision before anybody is told of it. */
  private takeRevision(events: readonly StoreEvent[], revision: number): void {
    if (revision <= this.held) return;
    const changes = this.state.apply(events);
    this.held = revision;
    this.window.append(changes);
    this.state.publish(changes);
    for (const change of changes) {
      for (const watcher of this.live.of(change.key)) this.offer(watcher, change);
      change.told();
    }
  }

  private offer(watcher: CacheWatcher<T>, change: CacheChange<T>): void {
    try {
      watcher.offer(change);
    } catch (error) {
      this.fail(watcher, error);
    }
  }

  /** A watcher's own fault must not reach the others. */
  private fail(watcher: CacheWatcher<T>, error: unknown): void {
    this.log.error({ err: error }, 'a watcher failed');
    watcher.end(error instanceof Error ? error : new Error(String(error)));
  }

  private advance(revision: number): void {
    if (revision <= this.held) return;
    this.held = revision;
    this.freshness.reached(revision);
  }
}
