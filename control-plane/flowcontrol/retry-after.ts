/** How long who was refused should wait: longer and longer while there are many, and shorter again afterwards. */
import type { Clock } from '../../lib/clock.ts';

const MAX_SECONDS = 32;
/** So many refusals for each second of the wait double it. */
const MANY = 3;

export class RetryAfter {
  private readonly clock: Clock;
  /** Refusals by the second in which they were, the latest last. */
  private readonly history = new Map<number, number>();
  private wait = 1;
  private second = -1;
  private raisedAt = -Infinity;

  constructor(clock: Clock) {
    this.clock = clock;
  }

  /** Counts a refusal; the seconds to name in it. */
  refused(): number {
    const second = Math.floor(this.clock.now() / 1000);
    if (second !== this.second) this.adapt(second);
    this.history.set(second, (this.history.get(second) ?? 0) + 1);
    return this.wait;
  }

  private adapt(second: number): void {
    this.second = second;
    for (const past of this.history.keys()) {
      if (past >= second - MAX_SECONDS) break;
      this.history.delete(past);
    }
    let refusals = 0;
    for (const [past, count] of this.history) if (past >= second - this.wait) refusals += count;
    if (second - this.raisedAt >= this.wait && refusals >= MANY * this.wait) {
      this.wait = Math.min(MAX_SECONDS, this.wait * 2);
      this.raisedAt = second;
    } else if (refusals < this.wait && this.wait > 1) {
      this.wait -= 1;
    }
  }
}
