/** A request as the fair queues see it. */
import type { FlowCounts } from './counts.ts';
import type { FairQueue } from './queue.ts';
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
