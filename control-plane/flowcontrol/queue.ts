/** A request as the fair queues see it, and one of the queues of a priority level. */
import type { FlowCounts } from './counts.ts';
import type { Work } from './work.ts';

/** What an execution is taken to last until it is known. */
export const ASSUMED_MILLISECONDS = 3;

/**
 * ```
 * waiting ──turn──> executing ──answered──> finishing ──watchers told──> done
 *    └──────────────gives up─────────────────────────────────────────────^
 * ```
 */
export type RequestState = 'waiting' | 'executing' | 'finishing' | 'done';

export interface FairRequestOptions {
  readonly work: Work;
  readonly counts: FlowCounts;
  readonly queue: FairQueue | undefined;
  /** In virtual time. */
  readonly arrivedAt: number;
  /** Called once, when its turn has come. */
  readonly execute: () => void;
}

export class FairRequest {
  state: RequestState = 'waiting';
  /** In milliseconds of the clock. */
  startedAt = 0;
  readonly counts: FlowCounts;
  readonly queue: FairQueue | undefined;
  readonly arrivedAt: number;
  readonly execute: () => void;
  /** Seat-milliseconds, as far as is known beforehand. */
  readonly totalWork: number;
  readonly initialSeats: number;
  /** Held from the beginning to the end. */
  seats: number;
  finalMilliseconds: number;

  constructor({ work, counts, queue, arrivedAt, execute }: FairRequestOptions) {
    this.counts = counts;
    this.queue = queue;
    this.arrivedAt = arrivedAt;
    this.execute = execute;
    this.initialSeats = work.seats;
    this.seats = Math.max(work.seats, work.finalSeats);
    this.finalMilliseconds = work.finalMilliseconds;
    this.totalWork = work.seats * ASSUMED_MILLISECONDS + work.finalSeats * work.finalMilliseconds;
  }

  /** Makes the work after the answer narrower, and longer by as much. */
  narrow(limit: number): void {
    const seats = Math.max(this.initialSeats, 1, limit);
    if (this.seats <= seats) return;
    this.finalMilliseconds *= this.seats / seats;
    this.seats = seats;
  }
}

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
