/** Whether the container runtime is fit to run pods: one that is away for a moment, as while it is restarted, is. */
import type { Clock } from '../../lib/clock.ts';
import type { Runtime } from '../runtime/port.ts';

/** As the kubelet: pods run on without their runtime, and only new ones need it. */
const AWAY_MILLISECONDS = 30_000;

export class RuntimeHealth {
  private readonly runtime: Pick<Runtime, 'problems'>;
  private readonly clock: Clock;
  private awaySince: number | undefined;

  constructor(options: { runtime: Pick<Runtime, 'problems'>; clock: Clock }) {
    this.runtime = options.runtime;
    this.clock = options.clock;
  }

  /** In words; empty when it is fit. */
  async problems(): Promise<string[]> {
    try {
      const problems = await this.runtime.problems();
      this.awaySince = undefined;
      return problems;
    } catch (error) {
      this.awaySince ??= this.clock.now();
      if (this.clock.now() - this.awaySince < AWAY_MILLISECONDS) return [];
      return [`the container runtime does not answer: ${(error as Error).message}`];
    }
  }
}
