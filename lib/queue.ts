/**
 * A queue of keys. A key waits at most once, is worked on by one worker at a time, and one that is added while it is
 * worked on comes back afterwards: so nothing is done twice at once, and no change is missed. Its size is bounded by the
 * number of different keys.
 *
 *     (absent) -- add --> waiting -- take --> working -- done --> (absent)
 *                            ^                   | add
 *                            +------ done ---- working, wanted again
 */
import type { Clock, Timer } from './clock.ts';

export class KeyQueue {
  private readonly clock: Clock;
  private readonly waiting = new Set<string>();
  private readonly taken = new Set<string>();
  private readonly wantedAgain = new Set<string>();
  private readonly delayed = new Map<string, { due: number; timer: Timer }>();
  private readonly takers: ((key: string | undefined) => void)[] = [];
  private closed = false;

  constructor({ clock }: { clock: Clock }) {
    this.clock = clock;
  }

  /** Keys that wait for a worker now. */
  get depth(): number {
    return this.waiting.size;
  }

  /** Keys that are being worked on now. */
  get working(): number {
    return this.taken.size;
  }

  add(key: string): void {
    if (this.closed) return;
    if (this.taken.has(key)) {
      this.wantedAgain.add(key);
      return;
    }
    this.waiting.add(key);
    this.hand();
  }

  /** Adds `key` in `milliseconds`. Of several delays of one key the earliest counts. */
  addAfter(key: string, milliseconds: number): void {
    if (this.closed) return;
    const due = this.clock.now() + milliseconds;
    const pending = this.delayed.get(key);
    if (pending && pending.due <= due) return;
    pending?.timer.cancel();
    const timer = this.clock.after(milliseconds, () => {
      this.delayed.delete(key);
      this.add(key);
    });
    this.delayed.set(key, { due, timer });
  }

  /** The next key, first come first served; undefined once the queue is closed. */
  take(): Promise<string | undefined> {
    if (this.closed) return Promise.resolve(undefined);
    const next = new Promise<string | undefined>((resolve) => this.takers.push(resolve));
    this.hand();
    return next;
  }

  /** The worker is through with `key`. */
  done(key: string): void {
    this.taken.delete(key);
    if (this.wantedAgain.delete(key)) this.add(key);
  }

  /** Drops everything that waits and releases all takers. */
  close(): void {
    this.closed = true;
    for (const { timer } of this.delayed.values()) timer.cancel();
    this.delayed.clear();
    this.waiting.clear();
    this.wantedAgain.clear();
    for (const taker of this.takers.splice(0)) taker(undefined);
  }

  private hand(): void {
    for (const key of this.waiting) {
      const taker = this.takers.shift();
      if (!taker) return;
      this.waiting.delete(key);
      this.taken.add(key);
      taker(key);
    }
  }
}
