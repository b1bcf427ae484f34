/** What one of the servers does once an interval, whichever of them it is. */
import type { Clock, Timer } from '../../lib/clock.ts';
import type { Log } from '../../lib/log.ts';
import type { Entry, Store } from './port.ts';

export interface SharedRoundsOptions {
  readonly store: Store;
  /** Shared by all servers: the one whose guarded write of it wins does the round, the others learn of it from that. */
  readonly key: string;
  /** Milliseconds. */
  readonly interval: number;
  readonly clock: Clock;
  readonly log: Log;
  /** What is logged when a round fails; the next one comes all the same. */
  readonly failure: string;
  /**
   * `previous` is the key as it was an interval ago or longer; undefined in the very first round. The signal is aborted when
   * the rounds stop.
   */
  round(previous: Entry | undefined, signal: AbortSignal): Promise<void>;
}

export class SharedRounds {
  private readonly options: SharedRoundsOptions;
  private readonly stopping = new AbortController();
  private mark: Entry | undefined;
  private timer: Timer | undefined;

  constructor(options: SharedRoundsOptions) {
    this.options = options;
  }

  /** The key is read now and not before the first round: another server may have done one right before that. */
  async start(): Promise<void> {
    this.mark = await this.options.store.get(this.options.key);
    this.schedule();
  }

  stop(): Promise<void> {
    this.stopping.abort();
    this.timer?.cancel();
    return Promise.resolve();
  }

  private schedule(): void {
    if (this.stopping.signal.aborted) return;
    const { clock, interval, log, failure } = this.options;
    this.timer = clock.after(interval, () => {
      this.takeTurn()
        .catch((error: unknown) => log.warn({ err: error }, failure))
        .finally(() => this.schedule());
    });
  }

  private async takeTurn(): Promise<void> {
    const { store, key, clock } = this.options;
    const value = Buffer.from(clock.date().toISOString());
    const previous = this.mark;
    const result = await store.write({ key, expected: previous?.revision ?? 0, value });
    this.mark = result.ok ? { key, value, revision: result.revision } : result.current;
    if (result.ok) await this.options.round(previous, this.stopping.signal);
  }
}
