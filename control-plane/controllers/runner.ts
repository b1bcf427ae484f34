/**
 * Runs one controller: key in, plan, execute, wait until the views show what was written, outcome. Only the runner tries
 * again. One key is never worked on twice at once; different keys are, up to a limit.
 */
import { StatusError, internalError } from '../../api/errors.ts';
import type { Component } from '../../lib/component.ts';
import type { BackoffOptions } from '../../lib/backoff.ts';
import { KeyedBackoff } from '../../lib/backoff.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Log } from '../../lib/log.ts';
import { KeyQueue } from '../../lib/queue.ts';
import type { Action } from './actions.ts';
import type { Controller, Failure, Moment, Outcome, Plan } from './controller.ts';
import type { Edges, Written } from './executors.ts';
import { execute } from './executors.ts';
import { whenShown } from './own-writes.ts';

/** As Kubernetes' work queues: 5 ms, doubling; but never slower than half a minute. */
const RETRY: BackoffOptions = { initial: 5, max: 30_000, factor: 2 };
/** Actions of one plan under way at once. Writes that are sent together share a commit. */
const MAX_CONCURRENT_ACTIONS = 64;
/** Longer than a watch ever lags while it works; when it does not, planning from an old view is the lesser evil. */
const SHOWN_WITHIN_MILLISECONDS = 10_000;
/** Errors that the same request will meet again until its object changes. */
const HOPELESS_REASONS = new Set(['Invalid', 'BadRequest', 'MethodNotAllowed', 'RequestEntityTooLarge']);

/** What Kubernetes' controllers tell of their queues; `name` is the controller's. */
export interface QueueMetrics {
  depth(name: string, keys: number): void;
  /** A key was handed to the controller. */
  added(name: string): void;
  /** A key was worked on, for so many seconds. */
  worked(name: string, outcome: Outcome['kind'], seconds: number): void;
}

export interface RunnerOptions {
  readonly controller: Controller;
  readonly edges: Edges;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics?: QueueMetrics;
  /** The suffixes of generated names. */
  readonly nextId: () => string;
  /** Keys under way at once. */
  readonly concurrency?: number;
}

export class Runner implements Component {
  readonly name: string;
  private readonly options: RunnerOptions;
  private readonly log: Log;
  private readonly queue: KeyQueue;
  private readonly backoff = new KeyedBackoff(RETRY);
  private readonly stopping = new AbortController();
  private readonly settling = new Set<Promise<void>>();
  private workers: Promise<void>[] = [];
  private unwatch: (() => void) | undefined;

  constructor(options: RunnerOptions) {
    this.options = options;
    this.name = options.controller.name;
    this.log = options.log.child({ controller: this.name });
    this.queue = new KeyQueue(options);
  }

  /** Whether there is nothing to do now and nothing is being done. Delayed keys don't count. */
  get quiet(): boolean {
    return this.queue.depth === 0 && this.queue.working === 0;
  }

  start(): Promise<void> {
    const { controller, metrics } = this.options;
    this.unwatch = controller.watch((key) => {
      metrics?.added(this.name);
      this.queue.add(key);
    });
    this.workers = Array.from({ length: this.options.concurrency ?? 16 }, () => this.work());
    return Promise.resolve();
  }

  async stop(): Promise<void> {
    this.unwatch?.();
    this.queue.close();
    this.stopping.abort();
    await Promise.all(this.workers);
    await Promise.all(this.settling);
  }

  private async work(): Promise<void> {
    for (let key = await this.queue.take(); key !== undefined; key = await this.queue.take()) {
      await this.process(key);
    }
  }

  private async process(key: string): Promise<void> {
    const { clock, metrics } = this.options;
    const began = clock.now();
    const written: Written[] = [];
    const outcome = await this.reconcile(key, written);
    this.follow(key, outcome);
    metrics?.worked(this.name, outcome.kind, (clock.now() - began) / 1000);
    metrics?.depth(this.name, this.queue.depth);
    // The key stays taken until the views have caught up; the worker goes on with other keys.
    const settled = this.settle(key, written).then(() => {
      this.queue.done(key);
      this.settling.delete(settled);
    });
    this.settling.add(settled);
  }

  private follow(key: string, outcome: Outcome): void {
    switch (outcome.kind) {
      case 'done':
        this.backoff.forget(key);
        break;
      case 'after':
        this.backoff.forget(key);
        this.queue.addAfter(key, outcome.milliseconds);
        break;
      case 'failed':
        this.logFailure(key, outcome.error);
        this.queue.addAfter(key, this.backoff.next(key));
        break;
      case 'hopeless':
        this.backoff.forget(key);
        this.log.warn({ key, why: outcome.why }, 'gave up until it changes');
    }
  }

  /** Losing a race is part of the work; the same failure again and again is not. */
  private logFailure(key: string, error: unknown): void {
    const failures = this.backoff.failures(key);
    const fields = { key, err: error, failures };
    if (failures < 3) this.log.debug(fields, 'failed, trying again');
    else this.log.warn(fields, 'failed again, trying again');
  }

  private moment(): Moment {
    const { clock, nextId } = this.options;
    return { now: clock.now(), date: clock.date(), nextId };
  }

  private async reconcile(key: string, written: Written[]): Promise<Outcome> {
    let plan: Plan;
    try {
      plan = this.options.controller.plan(key, this.moment());
    } catch (error) {
      return { kind: 'failed', error };
    }
    if (plan.reasons.length > 0) this.log.debug({ key, reasons: plan.reasons }, 'not doing more');
    const failure = await this.carryOut(key, plan.actions, written);
    if (failure) return this.failed(key, failure, written);
    if (plan.hopeless !== undefined) return { kind: 'hopeless', why: plan.hopeless };
    return plan.after === undefined ? { kind: 'done' } : { kind: 'after', milliseconds: plan.after };
  }

  private async failed(key: string, failure: Failure, written: Written[]): Promise<Outcome> {
    const report = this.options.controller.planFailure?.(key, failure, this.moment()) ?? [];
    const second = await this.carryOut(key, report, written);
    if (second) this.log.debug({ key, err: second.error }, 'could not report the failure');
    const { error } = failure;
    return HOPELESS_REASONS.has(error.reason) ? { kind: 'hopeless', why: error.message } : { kind: 'failed', error };
  }

  /** Neighbouring actions that may be done at once go together, groups one after the other. Ends at the first failure. */
  private async carryOut(key: string, actions: readonly Action[], written: Written[]): Promise<Failure | undefined> {
    for (let start = 0; start < actions.length;) {
      const group = actions.slice(start).slice(0, MAX_CONCURRENT_ACTIONS);
      const end = group.findIndex((action) => !isAlike(action, group[0]));
      const together = end < 0 ? group : group.slice(0, end);
      const failures = await Promise.all(together.map((action) => this.attempt(key, action, written)));
      const failure = failures.find((result) => result !== undefined);
      if (failure) return failure;
      start += together.length;
    }
    return undefined;
  }

  private async attempt(key: string, action: Action, written: Written[]): Promise<Failure | undefined> {
    if (this.stopping.signal.aborted) {
      return { action, error: internalError('the controller is stopping') };
    }
    try {
      const result = await execute(action, this.options.edges);
      if (result) written.push(result);
      this.log.debug({ key, action: action.do, why: action.why }, 'did');
      return undefined;
    } catch (error) {
      return { action, error: error instanceof StatusError ? error : internalError(error) };
    }
  }

  private async settle(key: string, written: readonly Written[]): Promise<void> {
    const { clock, edges } = this.options;
    const limits = { clock, milliseconds: SHOWN_WITHIN_MILLISECONDS, signal: this.stopping.signal };
    const shown = await Promise.all(
      written.map((write) => whenShown(edges.registry.resource(write.kind).view, write, limits)),
    );
    if (shown.includes(false) && !this.stopping.signal.aborted) {
      this.log.warn({ key }, 'a view does not show what was written; planning from what it shows');
    }
  }
}

/** Of one verb. What is made of one kind may need what is made of another before it. */
function isAlike(action: Action, first: Action | undefined): boolean {
  if (action.do !== first?.do) return false;
  return action.do !== 'create' || first.do !== 'create' || action.kind === first.kind;
}
