/**
 * The queues of one priority level, served fairly: no flow gets more of the level's seats than its share while others
 * want theirs. Each queue has a place in a virtual time that passes as fast as an equal share of the seats is worked
 * off; the queue whose first request would be done earliest by that time is next.
 */
import type { Clock } from '../../lib/clock.ts';
import type { FlowCounts, Refusal } from './counts.ts';
import { Dealer } from './dealer.ts';
import { ASSUMED_MILLISECONDS, FairQueue, FairRequest } from './queue.ts';
import type { Work } from './work.ts';

export interface Queuing {
  readonly queues: number;
  readonly handSize: number;
  /** Requests that wait in one queue. */
  readonly queueLengthLimit: number;
}

export interface QueueSetConfig {
  /** undefined: what can't be carried out at once is refused. */
  readonly queuing: Queuing | undefined;
  /** Seats; Infinity for the level that is exempt. */
  readonly limit: number;
}

export interface QueueSetOptions {
  readonly config: QueueSetConfig;
  readonly clock: Clock;
  /** Told of the seats that are taken and wanted, whenever they change. */
  readonly onDemand: (seats: number) => void;
}

export interface Arrival {
  /** Requests of the same flow share a hand of queues. */
  readonly flow: string;
  readonly work: Work;
  readonly counts: FlowCounts;
  /** Called once when its turn has come, perhaps before `enter` returns. */
  readonly execute: () => void;
}

export class QueueSet {
  private readonly clock: Clock;
  private readonly onDemand: (seats: number) => void;
  private config: QueueSetConfig;
  private dealer: Dealer | undefined;
  /** Those with something in them, by their index. */
  private readonly queues = new Map<number, FairQueue>();
  /** Those in which somebody waits; the one served last stands last, so that equals take turns. */
  private readonly waiting = new Set<FairQueue>();
  private active = 0;
  private executing = 0;
  private inUse = 0;
  private waitingSeats = 0;
  private virtualTime = 0;
  private syncedAt: number;
  private arrivals = 0;

  constructor({ config, clock, onDemand }: QueueSetOptions) {
    this.config = config;
    this.dealer = config.queuing && new Dealer(config.queuing);
    this.clock = clock;
    this.onDemand = onDemand;
    this.syncedAt = clock.now();
  }

  get seatsInUse(): number {
    return this.inUse;
  }

  get isIdle(): boolean {
    return this.inUse === 0 && this.executing === 0 && this.waiting.size === 0;
  }

  /** Who waits keeps his place; queues that are too many get no more requests. */
  configure(config: QueueSetConfig): void {
    this.sync();
    this.config = config;
    const { queuing } = config;
    const isSame = this.dealer?.queues === queuing?.queues && this.dealer?.handSize === queuing?.handSize;
    if (!isSame) this.dealer = queuing && new Dealer(queuing);
    this.dispatch();
  }

  /** The request, which then waits or executes; or why there is no place for it. */
  enter(arrival: Arrival): FairRequest | Refusal {
    this.sync();
    const { queuing } = this.config;
    const { dealer } = this;
    const request = queuing && dealer ? this.enqueue(arrival, queuing, dealer) : this.executeAtOnce(arrival);
    if (typeof request === 'string') arrival.counts.rejected[request] += 1;
    else this.onDemand(this.inUse + this.waitingSeats);
    return request;
  }

  /** Gives up waiting. False when its turn has come before. */
  leave(request: FairRequest): boolean {
    if (request.state !== 'waiting' || !request.queue) return false;
    this.sync();
    request.state = 'done';
    request.counts.rejected['time-out'] += 1;
    this.takeOut(request, request.queue);
    request.queue.forgetIdleTime();
    this.forget(request.queue);
    // Who is first now may need fewer seats.
    this.dispatch();
    this.onDemand(this.inUse + this.waitingSeats);
    return true;
  }

  /** To be called once for each request that was executed, when it has been answered. */
  finish(request: FairRequest): void {
    if (request.state !== 'executing') return;
    this.sync();
    request.state = 'finishing';
    this.executing -= 1;
    request.counts.executing -= 1;
    const { queue } = request;
    if (queue) {
      const wasActive = queue.isActive;
      queue.executing -= 1;
      this.countActive(queue, wasActive);
      // The queue was charged for what executions are taken to last.
      queue.served -= request.initialSeats * (ASSUMED_MILLISECONDS - (this.clock.now() - request.startedAt));
      queue.forgetIdleTime();
    }
    if (request.finalMilliseconds > 0) this.clock.after(request.finalMilliseconds, () => this.release(request));
    else this.release(request);
  }

  private release(request: FairRequest): void {
    this.sync();
    request.state = 'done';
    this.inUse -= request.seats;
    request.counts.executingSeats -= request.seats;
    if (request.queue) {
      request.queue.seatsInUse -= request.seats;
      this.forget(request.queue);
    }
    this.dispatch();
    this.onDemand(this.inUse + this.waitingSeats);
  }

  private executeAtOnce({ work, counts, execute }: Arrival): FairRequest | Refusal {
    const request = new FairRequest({ work, counts, execute, queue: undefined, arrivedAt: this.virtualTime });
    request.narrow(this.config.limit);
    if (!this.fits(request)) return 'concurrency-limit';
    this.begin(request);
    return request;
  }

  private enqueue({ flow, work, counts, execute }: Arrival, queuing: Queuing, dealer: Dealer): FairRequest | Refusal {
    const queue = this.queueFor(dealer.handOf(flow));
    if (this.inUse >= this.config.limit && queue.length >= queuing.queueLengthLimit) return 'queue-full';
    const request = new FairRequest({ work, counts, execute, queue, arrivedAt: this.virtualTime });
    this.queues.set(queue.index, queue);
    const wasActive = queue.isActive;
    if (!wasActive) queue.served = this.virtualTime;
    queue.add(request);
    this.countActive(queue, wasActive);
    queue.forgetIdleTime();
    this.waiting.add(queue);
    this.waitingSeats += request.seats;
    counts.waiting += 1;
    counts.waitingSeats += request.seats;
    this.dispatch();
    return request;
  }

  /** That of the flow's hand with the least work waiting; equals take turns. */
  private queueFor(hand: readonly number[]): FairQueue {
    const offset = this.arrivals++;
    let best: FairQueue | undefined;
    for (let place = 0; place < hand.length && best?.waitingWork !== 0; place++) {
      const index = hand[(place + offset) % hand.length] ?? 0;
      const queue = this.queues.get(index) ?? new FairQueue(index);
      if (!best || queue.waitingWork < best.waitingWork) best = queue;
    }
    return best ?? new FairQueue(0);
  }

  private dispatch(): void {
    while (this.waiting.size > 0 && this.inUse < this.config.limit) {
      const queue = this.nextQueue();
      const request = queue?.head;
      if (!queue || !request) return;
      // Who needs many seats waits at the head of all, so that they become free at last.
      if (!this.fits(request)) {
        request.counts.notAccommodated += 1;
        return;
      }
      this.takeOut(request, queue);
      // The others take their turns first when they are equal.
      if (this.waiting.delete(queue) && queue.length > 0) this.waiting.add(queue);
      request.narrow(this.config.limit);
      queue.served += request.totalWork;
      queue.forgetIdleTime();
      const wasActive = queue.isActive;
      queue.executing += 1;
      queue.seatsInUse += request.seats;
      this.countActive(queue, wasActive);
      this.begin(request);
    }
  }

  private nextQueue(): FairQueue | undefined {
    let next: FairQueue | undefined;
    let earliest = Infinity;
    for (const queue of this.waiting) {
      const end = queue.served + (queue.head?.totalWork ?? 0);
      if (end >= earliest) continue;
      earliest = end;
      next = queue;
    }
    return next;
  }

  /** What is wider than the level gets it alone. */
  private fits({ seats }: FairRequest): boolean {
    const { limit } = this.config;
    return seats > limit ? this.executing === 0 : this.inUse + seats <= limit;
  }

  private begin(request: FairRequest): void {
    request.state = 'executing';
    request.startedAt = this.clock.now();
    this.executing += 1;
    this.inUse += request.seats;
    const { counts } = request;
    counts.dispatched += 1;
    counts.executing += 1;
    counts.executingSeats += request.seats;
    request.execute();
  }

  private takeOut(request: FairRequest, queue: FairQueue): void {
    const wasActive = queue.isActive;
    queue.remove(request);
    this.countActive(queue, wasActive);
    if (queue.length === 0) this.waiting.delete(queue);
    this.waitingSeats -= request.seats;
    request.counts.waiting -= 1;
    request.counts.waitingSeats -= request.seats;
  }

  private countActive(queue: FairQueue, wasActive: boolean): void {
    this.active += Number(queue.isActive) - Number(wasActive);
  }

  private forget(queue: FairQueue): void {
    if (queue.isIdle && this.queues.get(queue.index) === queue) this.queues.delete(queue.index);
  }

  /** Lets virtual time pass for what has been going on since the last call. */
  private sync(): void {
    const now = this.clock.now();
    if (this.active > 0) {
      const seats = Math.min(this.inUse + this.waitingSeats, this.config.limit);
      this.virtualTime += ((now - this.syncedAt) * seats) / this.active;
    }
    this.syncedAt = now;
  }
}
