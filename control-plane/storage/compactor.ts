import type { Clock } from '../../lib/clock.ts';
import type { Component } from '../../lib/component.ts';
import type { Log } from '../../lib/log.ts';
import type { Entry, Store } from './port.ts';
import { SharedRounds } from './shared-rounds.ts';

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
 * Forgets the store's old revisions. Each round marks the present revision by writing a key, and compacts to the mark of the
 * round before. That the revision is a put matters: etcd before 3.5.16 drops deletions that happened exactly at the revision
 * it compacts to, so that a watch beginning there would miss them.
 */
export class Compactor implements Component {
  readonly name = 'compactor';
  private readonly options: CompactorOptions;
  private readonly rounds: SharedRounds;

  constructor(options: CompactorOptions) {
    this.options = options;
    this.rounds = new SharedRounds({
      ...options,
      key: KEY,
      interval: options.interval ?? DEFAULT_INTERVAL,
      failure: 'old revisions could not be compacted',
      round: (previous) => this.compact(previous),
    });
  }

  start(): Promise<void> {
    return this.rounds.start();
  }

  stop(): Promise<void> {
    return this.rounds.stop();
  }

  private async compact(previous: Entry | undefined): Promise<void> {
    if (!previous) return;
    const { store, log } = this.options;
    await store.compact(previous.revision);
    log.debug({ revision: previous.revision }, 'old revisions were compacted');
  }
}
