import { backoffDelay } from '../../lib/backoff.ts';
import { sleep, type Clock } from '../../lib/clock.ts';
import type { Log } from '../../lib/log.ts';
import { MapView } from '../../lib/view.ts';
import type { KeyEntry, KeyWatch } from './coordination.ts';
import type { Store, StoreEvent, StoreWatch } from './port.ts';

const BACKOFF = { initial: 100, max: 2_000, factor: 2 };

export interface StoreKeyWatchOptions {
  store: Store;
  prefix: string;
  /** The keys were listed again: some may have come and gone unseen. Called before the view shows what was found. */
  onRelisted?: (() => void) | undefined;
  clock: Clock;
  log: Log;
}

/** A few small keys of the store as a view; lists again whenever the watch ends. */
export class StoreKeyWatch implements KeyWatch {
  readonly view = new MapView<KeyEntry>();
  private readonly options: StoreKeyWatchOptions;
  private readonly closing = new AbortController();
  private watch: StoreWatch | undefined;

  constructor(options: StoreKeyWatchOptions) {
    this.options = options;
    this.begin();
  }

  close(): void {
    this.closing.abort(new Error('closed'));
    this.watch?.close();
  }

  private begin(): void {
    this.fill().catch((error: unknown) => this.options.log.debug({ err: error }, 'a key watch was closed'));
  }

  /** Rejects only when closed. */
  private async fill(): Promise<void> {
    const { store, prefix, clock, log } = this.options;
    const { signal } = this.closing;
    for (let attempt = 0; ; attempt++) {
      try {
        const { entries, revision } = await store.list(prefix, { signal });
        signal.throwIfAborted();
        if (this.watch) this.options.onRelisted?.();
        const found = entries.map((entry) => this.entryOf(entry.key, entry.value, entry.revision));
        this.view.replace(new Map(found.map((entry) => [entry.key, entry])), (a, b) => a.revision === b.revision);
        this.view.markSynced();
        this.follow(revision);
        return;
      } catch (error) {
        signal.throwIfAborted();
        log.warn({ err: error, prefix }, 'keys could not be listed');
        await sleep(clock, backoffDelay(BACKOFF, attempt), signal);
      }
    }
  }

  private follow(after: number): void {
    this.watch = this.options.store.watch(this.options.prefix, after, {
      onEvents: (events) => events.forEach((event) => this.take(event)),
      onProgress: () => {},
      onEnd: () => this.begin(),
    });
  }

  private take(event: StoreEvent): void {
    if (event.type === 'delete') this.view.delete(event.key.slice(this.options.prefix.length));
    else {
      const entry = this.entryOf(event.key, event.value, event.revision);
      this.view.set(entry.key, entry);
    }
  }

  private entryOf(storeKey: string, value: Buffer, revision: number): KeyEntry {
    return { key: storeKey.slice(this.options.prefix.length), value: value.toString(), revision };
  }
}
