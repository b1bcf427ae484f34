/**
 * What the rest of the control plane asks of the store: a sorted map from keys to bytes with one revision that counts
 * every commit. `etcd` and `memory` both pass the suite in `test/contract/store.ts`.
 */

/** The most bytes that a key and its value may have together; larger ones are a {@link StoreLimitError}. */
export const MAX_VALUE_BYTES = 1_500_000;

export interface Entry {
  readonly key: string;
  readonly value: Buffer;
  /** The revision of the commit that wrote this value; the guard for the next write. */
  readonly revision: number;
}

export interface ListOptions {
  /** At most this many entries; all of them when absent. */
  limit?: number;
  /** Only keys greater than this one. */
  after?: string;
  /** As of this revision instead of now. Throws {@link CompactedError} when that is gone, {@link FutureRevisionError} when it is to come. */
  revision?: number;
  signal?: AbortSignal;
}

export interface ListResult {
  readonly entries: readonly Entry[];
  /** The revision that the list shows: the one asked for, or else the store's latest. */
  readonly revision: number;
  /** Whether more keys follow the last entry. */
  readonly more: boolean;
  /** How many keys follow the last entry. */
  readonly remaining: number;
}

export interface Write {
  readonly key: string;
  /** The revision that the key must have now; 0 when it must not exist. There is no unguarded write. */
  readonly expected: number;
  /** The new value; null deletes the key. */
  readonly value: Buffer | null;
  /** Another key, which must not exist either: refused with the `current` that was expected when it does. */
  readonly absent?: string;
  /** The store deletes the key by itself after this many seconds, give or take a tenth. */
  readonly ttlSeconds?: number;
}

/** A refused write changed nothing; it carries what the key holds, so that the caller can decide without another read. */
export type WriteResult =
  | { readonly ok: true; readonly revision: number }
  | { readonly ok: false; readonly current: Entry | undefined };

export type StoreEvent =
  | {
      readonly type: 'put';
      readonly key: string;
      readonly value: Buffer;
      readonly revision: number;
      readonly created: boolean;
    }
  | { readonly type: 'delete'; readonly key: string; readonly revision: number };

export interface StoreWatcher {
  /** All events of one or more whole revisions, in order; a revision is never split between two calls. */
  onEvents(events: readonly StoreEvent[]): void;
  /** The store has nothing newer for this watch up to and including `revision`. */
  onProgress(revision: number): void;
  /**
   * The watch is over and was not closed by its owner: the start revision was compacted ({@link CompactedError}).
   * A lost connection is not an end: the store resumes by itself after the last whole revision, without loss.
   */
  onEnd(error: Error): void;
}

export interface StoreWatch {
  /** Asks for an `onProgress` call as soon as the watch has caught up with the store. */
  requestProgress(): void;
  close(): void;
}

export interface Store {
  get(key: string, signal?: AbortSignal): Promise<Entry | undefined>;
  list(prefix: string, options?: ListOptions): Promise<ListResult>;
  /**
   * Commits one guarded write. Writes that arrive together may share a commit and then share a revision; each is still
   * decided by its own guard. Rejects with {@link UnknownOutcomeError} when the connection broke after it was sent.
   */
  write(write: Write): Promise<WriteResult>;
  /** The revision of the latest commit, asked of the store itself (a linearizable read). */
  revision(): Promise<number>;
  /** Every change under `prefix` after revision `after`. */
  watch(prefix: string, after: number, watcher: StoreWatcher): StoreWatch;
  /** Forgets what was before `revision`. */
  compact(revision: number): Promise<void>;
}

export class CompactedError extends Error {
  override readonly name = 'CompactedError';
  readonly oldest: number;
  constructor(oldest: number) {
    super(`the revision was compacted; the oldest that is kept is ${oldest}`);
    this.oldest = oldest;
  }
}

export class FutureRevisionError extends Error {
  override readonly name = 'FutureRevisionError';
  readonly current: number;
  constructor(current: number) {
    super(`the revision is in the future; the store is at ${current}`);
    this.current = current;
  }
}

/** The store can't be reached, or did not answer in time; nothing was written. */
export class UnavailableError extends Error {
  override readonly name = 'UnavailableError';
}

/** A write was sent and no answer came: it may or may not have happened. Read before trying again. */
export class UnknownOutcomeError extends Error {
  override readonly name = 'UnknownOutcomeError';
}

/** The value is larger than the store takes (etcd: 1.5 MiB a request). */
export class StoreLimitError extends Error {
  override readonly name = 'StoreLimitError';
}

/** The store has no room left and takes nothing more until somebody makes room; nothing was written. */
export class StoreFullError extends Error {
  override readonly name = 'StoreFullError';
}
