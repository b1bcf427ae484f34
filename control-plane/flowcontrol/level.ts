/** A priority level at work: its queues, how many seats it has, and how many it could use. */
import type { PriorityLevelConfiguration } from '../../api/types/flowcontrol.v1.ts';
import type { Clock } from '../../lib/clock.ts';
import { FlowCounts } from './counts.ts';
import { type DemandSummary, SeatDemand } from './demand.ts';
import { type Queuing, QueueSet } from './queue-set.ts';
import { RetryAfter } from './retry-after.ts';
import type { SeatLimits } from './seats.ts';

/** What part of a level's seats one request may take, so that a few wide ones don't fill it. */
const WIDEST_PART = 0.15;

export class Level {
  readonly name: string;
  readonly retryAfter: RetryAfter;
  readonly queues: QueueSet;
  /** By schema; of schemas that are gone as well, as long as something of theirs is under way. */
  readonly counts = new Map<string, FlowCounts>();
  limits: SeatLimits = { nominal: 0, lower: 0, upper: 0 };
  /** Seats that it has now. */
  seats = 0;
  target = 0;
  /** It is configured no longer; who waits is still served. */
  isLeftOver = false;
  /** Over the last period that ended. */
  used: DemandSummary = { highest: 0, average: 0, deviation: 0, smoothed: 0 };
  private readonly demand: SeatDemand;
  private configured: PriorityLevelConfiguration;

  constructor(configuration: PriorityLevelConfiguration, clock: Clock) {
    this.configured = configuration;
    this.name = configuration.metadata.name ?? '';
    this.retryAfter = new RetryAfter(clock);
    this.demand = new SeatDemand(clock);
    this.queues = new QueueSet({
      config: { queuing: queuingOf(configuration), limit: this.isExempt ? Infinity : 0 },
      clock,
      onDemand: (seats) => this.demand.set(seats),
    });
  }

  get configuration(): PriorityLevelConfiguration {
    return this.configured;
  }

  /** '' as long as it is not stored. */
  get uid(): string {
    return this.configured.metadata.uid ?? '';
  }

  get isExempt(): boolean {
    return this.configured.spec.type === 'Exempt';
  }

  /** Seats that one request may take. */
  get widest(): number {
    const handSize = this.configured.spec.limited?.limitResponse.queuing?.handSize;
    if (handSize === undefined) return Infinity;
    const { nominal } = this.limits;
    return Math.max(1, Math.min(Math.ceil(nominal * WIDEST_PART), Math.floor(nominal / handSize)));
  }

  configure(configuration: PriorityLevelConfiguration): void {
    this.configured = configuration;
    this.isLeftOver = false;
  }

  /** Lends what it doesn't need, from the first. */
  limitTo(limits: SeatLimits): void {
    const isNew = this.limits.nominal === 0 && this.seats === 0;
    this.limits = limits;
    if (isNew) this.seats = limits.nominal - Math.floor((limits.nominal - limits.lower) / 2);
  }

  summarize(): DemandSummary {
    this.used = this.demand.summarize();
    return this.used;
  }

  /** Takes effect at once for those that wait. */
  give(seats: number, target: number): void {
    this.seats = seats;
    this.target = target;
    this.queues.configure({ queuing: queuingOf(this.configured), limit: this.isExempt ? Infinity : seats });
  }

  countsOf(schema: string): FlowCounts {
    const known = this.counts.get(schema);
    if (known) return known;
    const made = new FlowCounts(this.name, schema);
    this.counts.set(schema, made);
    return made;
  }
}

function queuingOf({ spec }: PriorityLevelConfiguration): Queuing | undefined {
  return spec.limited?.limitResponse.queuing;
}
