/**
 * Priority and fairness (flowcontrol.apiserver.k8s.io): each request belongs to a flow by the first FlowSchema that
 * matches it, and waits with its flow for a seat at the schema's priority level when there are too many.
 */
import { tooManyRequests } from '../../api/errors.ts';
import { type Kind, kinds } from '../../api/kinds.ts';
import type { KubeObject } from '../../api/object.ts';
import type { FlowSchema, PriorityLevelConfiguration } from '../../api/types/flowcontrol.v1.ts';
import type { Clock, Timer } from '../../lib/clock.ts';
import type { Component } from '../../lib/component.ts';
import type { Metrics } from '../../lib/metrics.ts';
import type { View } from '../../lib/view.ts';
import type { User } from '../user.ts';
import type { RequestInfo } from '../http/request-info.ts';
import { type Configuration, configurationOf, type Flow } from './configuration.ts';
import { type FlowMetrics, flowMetrics } from './metrics.ts';
import type { Level } from './level.ts';
import type { FairRequest } from './queue.ts';
import { allocate, limitsOf } from './seats.ts';
import { type Demanded, workOf } from './work.ts';

/** Between two looks at which level needs how many seats. */
export const ADJUSTMENT_MILLISECONDS = 10_000;

export interface FlowControlOptions {
  readonly sources: { of<T extends KubeObject>(kind: Kind<T>): { readonly view: View<T> } };
  /** Seats of this server, for all levels together. */
  readonly seats: number;
  /** How long a request may wait for its turn. */
  readonly waitMilliseconds: number;
  readonly metrics: Metrics;
  readonly clock: Clock;
}

/** The right to be carried out. */
export interface Seat {
  /** Gives it back. More calls do nothing. */
  finish(): void;
}

export class FlowControl implements Component {
  readonly name = 'flow control';
  private readonly options: FlowControlOptions;
  private readonly metrics: FlowMetrics;
  private configuration: Configuration = { schemas: [], fallback: undefined, levels: new Map() };
  private fairFraction = 0;
  private isStale = false;
  private ends: (() => void)[] = [];
  private timer: Timer | undefined;

  constructor(options: FlowControlOptions) {
    this.options = options;
    this.metrics = flowMetrics(options.metrics, {
      levels: () => this.configuration.levels.values(),
      fairFraction: () => this.fairFraction,
    });
  }

  start(): Promise<void> {
    const { sources } = this.options;
    const onChange = (): void => this.changed();
    this.ends = [
      sources.of(kinds.flowschemas).view.subscribe(onChange),
      sources.of(kinds.prioritylevelconfigurations).view.subscribe(onChange),
    ];
    this.reconfigure();
    this.adjustLater();
    return Promise.resolve();
  }

  /** Who waits goes on waiting, as long as others finish. */
  stop(): Promise<void> {
    for (const end of this.ends) end();
    this.timer?.cancel();
    return Promise.resolve();
  }

  /** To which flow a request belongs. */
  classify(user: User, info: RequestInfo): Flow {
    const { schemas, fallback } = this.configuration;
    const schema = schemas.find(({ matches }) => matches(user, info)) ?? fallback;
    if (!schema) throw new Error('a request came before flow control was started');
    return { schema, key: `${schema.name}\0${schema.distinguish(user, info)}` };
  }

  /**
   * A seat at the flow's level, at once where one is free. Throws or rejects with TooManyRequests when too many wait, when
   * the wait takes too long, and when `signal` is aborted meanwhile.
   */
  seat(flow: Flow, demanded: Demanded, signal: AbortSignal): Seat | Promise<Seat> {
    const { level, counts, name } = flow.schema;
    const work = workOf(demanded, level.widest);
    const turn = new Turn();
    const request = level.queues.enter({ flow: flow.key, work, counts, execute: () => turn.come() });
    if (typeof request === 'string') throw refusal(level);
    const labels = { priority_level: level.name, flow_schema: name };
    const begin = (): Seat =>
      new TakenSeat({ level, request, labels, metrics: this.metrics, clock: this.options.clock });
    if (turn.hasCome) return begin();
    return this.wait(level, request, turn, signal).then(begin);
  }

  private async wait(level: Level, request: FairRequest, turn: Turn, signal: AbortSignal): Promise<void> {
    const { clock, waitMilliseconds } = this.options;
    const begun = clock.now();
    const giveUp = (): void => {
      if (level.queues.leave(request)) turn.fail(refusal(level));
    };
    const timer = clock.after(waitMilliseconds, giveUp);
    signal.addEventListener('abort', giveUp, { once: true });
    if (signal.aborted) giveUp();
    try {
      await turn.whenCome();
    } finally {
      timer.cancel();
      signal.removeEventListener('abort', giveUp);
      this.metrics.waited(
        { priority_level: level.name, flow_schema: request.counts.schema, execute: String(turn.hasCome) },
        (clock.now() - begun) / 1000,
      );
    }
  }

  /** Many objects may change together. */
  private changed(): void {
    if (this.isStale) return;
    this.isStale = true;
    queueMicrotask(() => {
      this.isStale = false;
      this.reconfigure();
    });
  }

  private reconfigure(): void {
    const { sources, seats, clock } = this.options;
    const schemas: Iterable<FlowSchema> = sources.of(kinds.flowschemas).view.list();
    const levels: Iterable<PriorityLevelConfiguration> = sources.of(kinds.prioritylevelconfigurations).view.list();
    this.configuration = configurationOf({ schemas, levels, before: this.configuration, clock });
    const all = [...this.configuration.levels.values()];
    const limits = limitsOf(
      all.map(({ configuration }) => configuration.spec),
      seats,
    );
    all.forEach((level, at) => level.limitTo(limits[at] ?? level.limits));
    this.adjust();
  }

  private adjustLater(): void {
    this.timer = this.options.clock.after(ADJUSTMENT_MILLISECONDS, () => {
      const { levels } = this.configuration;
      // What is no longer configured goes once nobody waits there any more.
      if ([...levels.values()].some((level) => level.isLeftOver && level.queues.isIdle)) this.reconfigure();
      else this.adjust();
      this.adjustLater();
    });
  }

  private adjust(): void {
    const levels = [...this.configuration.levels.values()];
    const claims = levels.map((level) => ({
      limits: level.limits,
      isExempt: level.isExempt,
      demand: level.summarize(),
    }));
    const { seats, targets, fairFraction } = allocate(claims);
    this.fairFraction = fairFraction;
    levels.forEach((level, at) => level.give(seats[at] ?? 0, targets[at] ?? 0));
  }
}

function refusal(level: Level): Error {
  return tooManyRequests('Too many requests, please try again later.', level.retryAfter.refused());
}

/** Comes once or fails; a promise is made only for who has to wait. */
class Turn {
  hasCome = false;
  private deferred: PromiseWithResolvers<void> | undefined;

  come(): void {
    this.hasCome = true;
    this.deferred?.resolve();
  }

  fail(error: Error): void {
    this.deferred?.reject(error);
  }

  whenCome(): Promise<void> {
    this.deferred ??= Promise.withResolvers();
    if (this.hasCome) this.deferred.resolve();
    return this.deferred.promise;
  }
}

interface TakenSeatOptions {
  readonly level: Level;
  readonly request: FairRequest;
  readonly labels: { readonly priority_level: string; readonly flow_schema: string };
  readonly metrics: FlowMetrics;
  readonly clock: Clock;
}

class TakenSeat implements Seat {
  private readonly taken: TakenSeatOptions;
  private isFinished = false;

  constructor(taken: TakenSeatOptions) {
    this.taken = taken;
  }

  finish(): void {
    if (this.isFinished) return;
    this.isFinished = true;
    const { level, request, labels, metrics, clock } = this.taken;
    metrics.executed(labels, (clock.now() - request.startedAt) / 1000);
    level.queues.finish(request);
  }
}
