import { serviceUnavailable, StatusError, timeout, tooLargeResourceVersion } from '../../api/errors.ts';
import type { Clock } from '../../lib/clock.ts';

const FRESH_WITHIN = 10_000;
const REVISION_WITHIN = 3_000;

export interface FreshnessOptions {
  clock: Clock;
  /** Asks the store for the revision of its latest commit. */
  ask: () => Promise<number>;
  /** The revision that the cache holds. */
  current: () => number;
  /** Called when somebody waits for a revision that the cache does not hold yet. */
  onBehind: () => void;
}

interface Waiter {
  readonly revision: number;
  readonly settle: (failure?: Error) => void;
}

/** Those who wait for the cache to hold a revision. */
export class Freshness {
  private readonly options: FreshnessOptions;
  private readonly waiters = new Set<Waiter>();
  private underWay: Promise<unknown> = Promise.resolve();
  /** The question that is not sent yet; only such a one can be shared, as an earlier answer could be too old. */
  private next: Promise<number> | undefined;

  constructor(options: FreshnessOptions) {
    this.options = options;
  }

  async whenFresh(signal?: AbortSignal): Promise<number> {
    const answered = await this.ask(signal);
    await this.wait(answered, FRESH_WITHIN, () => timeout('the watch cache did not catch up with the store'), signal);
    return Math.max(answered, this.options.current());
  }

  waitFor(revision: number, signal?: AbortSignal): Promise<void> {
    return this.wait(
      revision,
      REVISION_WITHIN,
      () => tooLargeResourceVersion(revision, this.options.current()),
      signal,
    );
  }

  /** The cache now holds `revision`. */
  reached(revision: number): void {
    for (const waiter of this.waiters) if (waiter.revision <= revision) waiter.settle();
  }

  stop(): void {
    for (const waiter of this.waiters) waiter.settle(serviceUnavailable('the server is stopping'));
  }

  private ask(signal?: AbortSignal): Promise<number> {
    this.next ??= this.underWay.then(() => {
      this.next = undefined;
      const question = this.options.ask().catch((error: unknown) => {
        const message = `the store did not say its revision: ${error instanceof Error ? error.message : String(error)}`;
        throw new StatusError(serviceUnavailable(message), { cause: error });
      });
      // The next question waits for the end of this one, whatever came of it; who asked this one gets the error.
      this.underWay = question.catch(() => undefined);
      return question;
    });
    return signal ? abortable(this.next, signal) : this.next;
  }

  private wait(revision: number, limit: number, late: () => Error, signal?: AbortSignal): Promise<void> {
    if (this.options.current() >= revision) return Promise.resolve();
    const waiting = new Promise<void>((resolve, reject) => {
      const timer = this.options.clock.after(limit, () => waiter.settle(late()));
      const onAbort = (): void => waiter.settle(signal?.reason as Error);
      const waiter: Waiter = {
        revision,
        settle: (failure) => {
          this.waiters.delete(waiter);
          timer.cancel();
          signal?.removeEventListener('abort', onAbort);
          if (failure) reject(failure);
          else resolve();
        },
      };
      this.waiters.add(waiter);
      if (signal?.aborted) onAbort();
      else signal?.addEventListener('abort', onAbort, { once: true });
    });
    this.options.onBehind();
    return waiting;
  }
}

function abortable<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason as Error);
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}
