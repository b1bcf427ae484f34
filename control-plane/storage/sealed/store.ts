/** A store whose values are sealed on their way in and opened on their way out, by rule. All else is the inner store's. */
import type { Log } from '../../../lib/log.ts';
import type {
  Entry,
  ListOptions,
  ListResult,
  Store,
  StoreEvent,
  StoreWatch,
  StoreWatcher,
  Write,
  WriteResult,
} from '../port.ts';
import { SealError } from './envelope.ts';
import type { Sealing } from './sealing.ts';

export interface SealedStoreOptions {
  readonly store: Store;
  readonly sealing: Sealing;
  readonly log: Log;
}

export class SealedStore implements Store {
  private readonly store: Store;
  private readonly sealing: Sealing;
  private readonly log: Log;

  constructor(options: SealedStoreOptions) {
    this.store = options.store;
    this.sealing = options.sealing;
    this.log = options.log;
  }

  /** Rejects with {@link SealError} when there is a value that can't be opened. */
  async get(key: string, signal?: AbortSignal): Promise<Entry | undefined> {
    const entry = await this.store.get(key, signal);
    return entry && this.opened(entry);
  }

  /** What can't be opened is handed on as it is stored: one unreadable value must not hide all others. */
  async list(prefix: string, options?: ListOptions): Promise<ListResult> {
    const result = await this.store.list(prefix, options);
    return { ...result, entries: result.entries.map((entry) => this.openedIfPossible(entry)) };
  }

  async write(write: Write): Promise<WriteResult> {
    const value = write.value === null ? null : this.sealing.seal(write.key, write.value);
    const result = await this.store.write({ ...write, value });
    return result.ok || !result.current ? result : { ok: false, current: this.opened(result.current) };
  }

  revision(): Promise<number> {
    return this.store.revision();
  }

  watch(prefix: string, after: number, watcher: StoreWatcher): StoreWatch {
    const open = (event: StoreEvent): StoreEvent => (event.type === 'put' ? this.openedIfPossible(event) : event);
    return this.store.watch(prefix, after, {
      onEvents: (events) => watcher.onEvents(events.map(open)),
      onProgress: (revision) => watcher.onProgress(revision),
      onEnd: (error) => watcher.onEnd(error),
    });
  }

  compact(revision: number): Promise<void> {
    return this.store.compact(revision);
  }

  private opened<E extends { readonly key: string; readonly value: Buffer }>(entry: E): E {
    const value = this.sealing.open(entry.key, entry.value);
    return value === entry.value ? entry : { ...entry, value };
  }

  private openedIfPossible<E extends { readonly key: string; readonly value: Buffer }>(entry: E): E {
    try {
      return this.opened(entry);
    } catch (error) {
      if (!(error instanceof SealError)) throw error;
      this.log.error({ key: entry.key, why: error.message }, 'a stored value can not be opened');
      return entry;
    }
  }
}
