import type { Clock, Timer } from '../../lib/clock.ts';
import type { Component } from '../../lib/component.ts';
import type { Log } from '../../lib/log.ts';
import type { Entry, Store } from './port.ts';

const KEY = '/dure/compaction';
const DEFAULT_INTERVAL = 5 * 60_000;

export interface CompactorOptions {
  store: Store;
  clock: Clock;
  log: Log;
  /** Milliseconds; history is kept for one to two intervals. Five minutes when absent. */
  interval?: number;
}

/**
 * Forgets the store's old revisions. Each interval marks the present revision by writing a key, and compacts to the mark
 * of the interval before. The key is shared by all servers: the one whose guarded write wins compacts, the others learn
 * the mark from it. That the revision is a put matters: etcd before 3.5.16 drops deletions that happened exactly at the
 * revision it compacts to, so that a watch beginning there would miss them.
 */
export class Compactor implements Component {
  readonly name = 'compactor';
  private readonly options: CompactorOptions;
  private mark: Entry | undefined;
  private timer: Timer | undefined;
  private stopped = false;

  constructor(options: CompactorOptions) {
    this.options = options;
  }

  async start(): Promise<void> {
    this.mark = await this.options.store.get(KEY);
    this.schedule();
  }

  stop(): Promise<void> {
    this.stopped = true;
    this.timer?.cancel();
    return Promise.resolve();
  }

  private schedule(): void {
    if (this.stopped) return;
    this.timer = this.options.clock.after(this.options.interval ?? DEFAULT_INTERVAL, () => {
      this.compact()
        .catch((error: unknown) => this.options.log.warn({ err: error }, 'old revisions could not be compacted'))
        .finally(() => this.schedule());
    });
  }

  private async compact(): Promise<void> {
    const { store, clock, log } = this.options;
    const value = Buffer.from(clock.date().toISOString());
    const previous = this.mark;
    const result = await store.write({ key: KEY, expected: previous?.revision ?? 0, value });
    if (!result.ok) {
      this.mark = result.current;
      return;
    }
    this.mark = { key: KEY, value, revision: result.revision };
    if (!previous) return;
    await store.compact(previous.revision);
    log.debug({ revision: previous.revision }, 'old revisions were compacted');
  }
}
