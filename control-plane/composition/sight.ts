/**
 * How well this server sees. It is blind while the store does not answer, and for the length of any pause of its own
 * process; what it missed meanwhile must not be held against the nodes.
 */
import type { Clock, Timer } from '../../lib/clock.ts';
import type { Component } from '../../lib/component.ts';
import type { Sight } from '../controllers/node-lifecycle/node-lifecycle.ts';

const PROBE_MILLISECONDS = 500;
/** A store that takes longer to answer is as good as away. */
const SLOW_MILLISECONDS = 1500;

export interface ControlPlaneSightOptions {
  /** Resolves when the store answers. */
  probe(): Promise<unknown>;
  clock: Clock;
}

export class ControlPlaneSight implements Sight, Component {
  readonly name = 'sight';
  private readonly options: ControlPlaneSightOptions;
  private readonly listeners = new Set<() => void>();
  private since: number | undefined;
  private timer: Timer | undefined;
  private isProbing = false;

  constructor(options: ControlPlaneSightOptions) {
    this.options = options;
  }

  /** Call it when the store answers. */
  start(): Promise<void> {
    this.since = this.options.clock.now();
    this.arm();
    return Promise.resolve();
  }

  stop(): Promise<void> {
    this.timer?.cancel();
    this.timer = undefined;
    this.blind();
    return Promise.resolve();
  }

  clearSince(): number | undefined {
    return this.since;
  }

  subscribe(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  }

  /** The process could see nothing for a while, and sees again now. */
  paused(): void {
    if (this.since !== undefined) this.set(this.options.clock.now());
  }

  private arm(): void {
    this.timer = this.options.clock.after(PROBE_MILLISECONDS, () => {
      this.arm();
      void this.look();
    });
  }

  private async look(): Promise<void> {
    if (this.isProbing) return;
    this.isProbing = true;
    const slow = this.options.clock.after(SLOW_MILLISECONDS, () => this.blind());
    try {
      await this.options.probe();
      if (this.since === undefined && this.timer) this.set(this.options.clock.now());
    } catch {
      // Whatever the reason is, a store that does not answer is what blindness is.
      this.blind();
    } finally {
      slow.cancel();
      this.isProbing = false;
    }
  }

  private blind(): void {
    if (this.since !== undefined) this.set(undefined);
  }

  private set(since: number | undefined): void {
    this.since = since;
    for (const listener of this.listeners) listener();
  }
}
