import { setImmediate as nextTurn } from 'node:timers/promises';
import { expired } from '../../api/errors.ts';
import type { KubeObject } from '../../api/object.ts';
import { EncodedEvent, type CacheChange } from './change.ts';
import type { CacheEntry } from './entry.ts';
import type { WatchEvent, WatchRequest } from './port.ts';
import { CompactedError } from '../storage/port.ts';
import type { Past } from './past.ts';
import type { EventWindow } from './window.ts';

/** How many events are replayed before the watcher is asked whether it is ready for more. */
const SLICE = 256;
/** The same in bytes: whoever is sent more than he has asked for is cut as too slow. */
const SLICE_BYTES = 256 * 1024;

/** What a watcher reads of its cache. */
export interface WatchSource<T extends KubeObject> {
  readonly window: EventWindow<T>;
  /** Of what was before the window. */
  readonly past: Past<T>;
  /** What the present state shows. */
  revision(): number;
  list(namespace: string | undefined, key: string | undefined): readonly CacheEntry<T>[];
  /** From now on `offer` is called for each change. */
  join(watcher: CacheWatcher<T>): void;
  leave(watcher: CacheWatcher<T>): void;
}

/**
 * One watch. It holds no events of its own: it replays from the window, slice by slice, and joins the live ones in the
 * same turn in which nothing is left to replay.
 *
 *     replaying ──► live ──► over
 *         └──────────────────▲
 *
 * Objects that were committed together share a revision, and a client that was cut off may have seen only some of them.
 * So a watch that begins after a revision is sent that revision's events again when it sees more than one of them.
 */
export class CacheWatcher<T extends KubeObject> {
  /** When the next bookmark is due, on the cache's clock. */
  bookmarkDue = 0;
  readonly namespace: string | undefined;
  readonly key: string | undefined;
  private readonly keyPrefix: string;
  private readonly request: WatchRequest<T>;
  private readonly source: WatchSource<T>;
  /** Everything up to and including this revision has been told. */
  private told = 0;
  /** The same of what came from the store, of which the window may hold some as well. */
  private recalled = 0;
  private readonly closing = new AbortController();
  private sent = { events: 0, bytes: 0 };
  private state: 'replaying' | 'live' | 'over' = 'replaying';

  constructor(request: WatchRequest<T>, source: WatchSource<T>) {
    this.request = request;
    this.source = source;
    this.namespace = request.namespace;
    this.key = request.key;
    this.keyPrefix = request.namespace === undefined ? '' : `${request.namespace}/`;
  }

  async run(): Promise<void> {
    if (this.isOver()) return;
    const { after } = this.request;
    await this.replay(after === undefined ? await this.replayState() : this.resume(after));
  }

  /** A change as it happens. */
  offer(change: CacheChange<T>): void {
    const after = this.request.after ?? 0;
    if (change.revision <= this.recalled) return;
    if (change.revision > after || (change.revision === after && change.shared)) this.send(change);
  }

  bookmark(revision: number): void {
    if (this.state === 'live' && revision >= (this.request.after ?? 0)) this.request.onBookmark(revision);
  }

  /** Ends it from the side of the cache. */
  end(error: Error | undefined): void {
    if (this.state === 'over') return;
    this.close();
    this.request.onEnd(error);
  }

  /** Ends it from the side of its owner, who is told nothing more. */
  close(): void {
    this.state = 'over';
    this.closing.abort(new Error('the watch is over'));
    this.source.leave(this);
  }

  private expire(): void {
    const { after } = this.request;
    const oldest = this.source.window.oldest;
    this.end(expired(after === undefined ? 'too slow for the watch cache' : tooOld(after, oldest)));
  }

  /** Returns the sequence number of the first change that is not in what was replayed. */
  private async replayState(): Promise<number> {
    const entries = this.source.list(this.namespace, this.key);
    const first = this.source.window.end;
    const revision = this.source.revision();
    this.told = revision;
    for (const entry of entries) {
      if (!this.request.matches(entry.object)) continue;
      this.deliver(new EncodedEvent('ADDED', entry));
      if (this.isSliceFull()) await this.pause();
      if (this.isOver()) return first;
    }
    this.request.onStateSent?.(revision);
    return first;
  }

  /** Returns the sequence number of the first change to send; undefined when it is gone. */
  private resume(after: number): number | undefined {
    const { window } = this.source;
    const first = window.position(after);
    const next = window.position(after + 1);
    // From before it, as not all of its own events may have been seen.
    this.told = after - 1;
    if (first === undefined || next === undefined) return undefined;
    const again = window.read(first, next - first) ?? [];
    return again.filter((change) => this.eventOf(change)).length > 1 ? first : next;
  }

  /** Tells what the window does not hold any more, and where to go on in it; undefined when nobody knows. */
  private async recall(): Promise<number | undefined> {
    const { past, window } = this.source;
    const after = this.request.after ?? 0;
    try {
      const reached = await past.read(this.told, {
        keyPrefix: this.key ?? this.keyPrefix,
        isReached: (revision) => revision >= after && window.positionAfter(revision) !== undefined,
        take: (changes) => this.tell(changes, after),
        signal: this.closing.signal,
      });
      if (reached === undefined) return undefined;
      this.told = reached;
      this.recalled = reached;
      // When the window has moved on meanwhile, its reader notices.
      return window.positionAfter(reached) ?? -1;
    } catch (error) {
      if (error instanceof CompactedError || this.isOver()) return undefined;
      throw error;
    }
  }

  private async tell(changes: readonly CacheChange<T>[], after: number): Promise<void> {
    const isAgain = (changes[0]?.revision ?? 0) <= after;
    if (isAgain && changes.filter((change) => this.eventOf(change)).length < 2) return;
    for (const change of changes) {
      this.send(change);
      if (this.isSliceFull()) await this.pause();
    }
  }

  private async replay(first: number | undefined): Promise<void> {
    for (let next = first; !this.isOver();) {
      const changes = next === undefined ? undefined : this.source.window.read(next, SLICE);
      if (!changes || next === undefined) {
        next = await this.recall();
        if (next === undefined) return this.expire();
        continue;
      }
      if (changes.length === 0) return this.goLive();
      next += changes.length;
      for (const change of changes) {
        if (change.revision <= this.recalled) continue;
        this.told = Math.max(this.told, change.revision - 1);
        this.send(change);
        if (this.isSliceFull()) await this.pause();
      }
      if (changes.length === SLICE) await this.pause();
    }
  }

  private goLive(): void {
    this.state = 'live';
    this.source.join(this);
  }

  private isSliceFull(): boolean {
    return this.sent.events >= SLICE || this.sent.bytes >= SLICE_BYTES;
  }

  private async pause(): Promise<void> {
    this.sent = { events: 0, bytes: 0 };
    await (this.request.ready?.() ?? nextTurn());
  }

  private send(change: CacheChange<T>): void {
    if (this.isOver()) return;
    const event = this.eventOf(change);
    if (event) this.deliver(event);
  }

  private deliver(event: WatchEvent<T>): void {
    this.sent.events += 1;
    this.sent.bytes += event.entry.bytes.length;
    this.request.onEvent(event);
  }

  private eventOf(change: CacheChange<T>): ReturnType<CacheChange<T>['eventFor']> {
    const isMeant = this.key === undefined ? change.key.startsWith(this.keyPrefix) : change.key === this.key;
    return isMeant ? change.eventFor((object) => this.request.matches(object)) : undefined;
  }

  private isOver(): boolean {
    return this.state === 'over';
  }
}

function tooOld(after: number, oldest: number): string {
  return `too old resource version: ${after} (${oldest})`;
}
