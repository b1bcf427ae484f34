/** One of the queues of a priority level. */
import type { FairRequest } from './request.ts';

export class FairQueue {
  readonly index: number;
  /** Up to where in the level's virtual time the queue has been served, in seat-milliseconds. */
  served = 0;
  /** Executing, until they are answered. */
  executing = 0;
  /** Taken by those that execute, and by those whose work goes on after the answer. */
  seatsInUse = 0;
  /** Seat-milliseconds of those that wait. */
  waitingWork = 0;
  private readonly requests = new Set<FairRequest>();

  constructor(index: number) {
    this.index = index;
  }

  get length(): number {
    return this.requests.size;
  }

  get isActive(): boolean {
    return this.requests.size > 0 || this.executing > 0;
  }

  /** Nothing would be lost with it. */
  get isIdle(): boolean {
    return !this.isActive && this.seatsInUse === 0;
  }

  /** The one that waits longest. */
  get head(): FairRequest | undefined {
    return this.requests.values().next().value;
  }

  add(request: FairRequest): void {
    this.requests.add(request);
    this.waitingWork += request.totalWork;
  }

  remove(request: FairRequest): void {
    this.requests.delete(request);
    // Sums of fractions drift.
    this.waitingWork = this.requests.size === 0 ? 0 : this.waitingWork - request.totalWork;
  }

  /** A queue saves nothing up while it has nothing to do. */
  forgetIdleTime(): void {
    const { head } = this;
    if (head) this.served = Math.max(this.served, head.arrivedAt);
  }
}
