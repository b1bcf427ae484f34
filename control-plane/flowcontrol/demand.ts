/** How many seats a level could have used: followed over a period, and smoothed from one period to the next. */
import type { Clock } from '../../lib/clock.ts';

/** How much of what was needed before counts on: peaks are remembered for minutes. */
const MEMORY = 0.977;

/** Over the last period, in seats. */
export interface DemandSummary {
  readonly highest: number;
  readonly average: number;
  readonly deviation: number;
  readonly smoothed: number;
}

export class SeatDemand {
  private readonly clock: Clock;
  private current = 0;
  private changedAt: number;
  private begunAt: number;
  private sum = 0;
  private squares = 0;
  private highest = 0;
  private smoothed = 0;

  constructor(clock: Clock) {
    this.clock = clock;
    this.begunAt = clock.now();
    this.changedAt = this.begunAt;
  }

  set(seats: number): void {
    this.add();
    this.current = seats;
    this.highest = Math.max(this.highest, seats);
  }

  /** Ends a period and begins the next. */
  summarize(): DemandSummary {
    this.add();
    const length = this.changedAt - this.begunAt;
    const average = length > 0 ? this.sum / length : this.current;
    const variance = length > 0 ? this.squares / length - average ** 2 : 0;
    const deviation = Math.sqrt(Math.max(0, variance));
    const usual = Math.min(this.highest, average + deviation);
    this.smoothed = Math.max(usual, MEMORY * this.smoothed + (1 - MEMORY) * usual);
    const summary = { highest: this.highest, average, deviation, smoothed: this.smoothed };
    this.begunAt = this.changedAt;
    this.sum = 0;
    this.squares = 0;
    this.highest = this.current;
    return summary;
  }

  private add(): void {
    const now = this.clock.now();
    const length = now - this.changedAt;
    this.sum += this.current * length;
    this.squares += this.current ** 2 * length;
    this.changedAt = now;
  }
}
