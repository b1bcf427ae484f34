/** Time as an argument: only composition roots use {@link systemClock}; tests use {@link FakeClock}. */

export interface Timer {
  cancel(): void;
}

export interface Clock {
  /** Milliseconds on a clock that never jumps; only differences mean something. */
  now(): number;
  /** Wall-clock time, for what users read. */
  date(): Date;
  /** Calls `callback` once, after at least `milliseconds`. A pending timer does not keep the process alive unless asked to. */
  after(milliseconds: number, callback: () => void, keepsAlive?: boolean): Timer;
}

/** A timer of Node's that is set for longer ends at once. */
const LONGEST_MILLISECONDS = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => performance.now(),
  date: () => new Date(),
  after(milliseconds, callback, keepsAlive = false) {
    let handle: NodeJS.Timeout;
    const arm = (left: number): void => {
      const isLast = left <= LONGEST_MILLISECONDS;
      handle = isLast
        ? setTimeout(callback, left)
        : setTimeout(() => arm(left - LONGEST_MILLISECONDS), LONGEST_MILLISECONDS);
      if (!keepsAlive) handle.unref();
    };
    arm(milliseconds);
    return { cancel: () => clearTimeout(handle) };
  },
};

/** Resolves after `milliseconds`; rejects with the signal's reason if that is aborted first. */
export function sleep(clock: Clock, milliseconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(signal.reason as Error);
      return;
    }
    const onAbort = (): void => {
      timer.cancel();
      reject(signal?.reason as Error);
    };
    const onTime = (): void => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    };
    // Somebody waits for this: the process must not end meanwhile.
    const timer = clock.after(milliseconds, onTime, true);
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}

/** A clock that moves only when told to. */
export class FakeClock implements Clock {
  private elapsed = 0;
  private readonly start: number;
  private readonly timers = new Set<{ due: number; callback: () => void }>();

  constructor(start = new Date('2026-01-01T00:00:00Z')) {
    this.start = start.getTime();
  }

  now(): number {
    return this.elapsed;
  }

  date(): Date {
    return new Date(this.start + this.elapsed);
  }

  after(milliseconds: number, callback: () => void): Timer {
    const timer = { due: this.elapsed + milliseconds, callback };
    this.timers.add(timer);
    return { cancel: () => void this.timers.delete(timer) };
  }

  /** Jumps on as for a process that was held up: what came due meanwhile is called only then, all at once. */
  stall(milliseconds: number): void {
    this.elapsed += milliseconds;
    this.advance(0);
  }

  /** Moves on, calling every timer that comes due on the way, in order of time. */
  advance(milliseconds: number): void {
    const end = this.elapsed + milliseconds;
    for (;;) {
      const next = [...this.timers].filter((timer) => timer.due <= end).toSorted((a, b) => a.due - b.due)[0];
      if (!next) break;
      this.timers.delete(next);
      this.elapsed = Math.max(this.elapsed, next.due);
      next.callback();
    }
    this.elapsed = end;
  }
}
