/** One probe of one running container: asks at its period, counts, and tells when its verdict changes. */
import type { Probe } from '../../api/types/core.v1.ts';
import type { Clock, Timer } from '../../lib/clock.ts';
import type { Attempt } from './handler.ts';

/**
 * A program that has just started listens some milliseconds after its first readiness probe. Until it is ready for the
 * first time it is asked again sooner than the period says, ever later, so that it takes its share of the work at once.
 */
const FIRST_RETRY_MILLISECONDS = 50;

export type ProbeKind = 'startup' | 'liveness' | 'readiness';

export interface ProbeLoopOptions {
  kind: ProbeKind;
  probe: Probe;
  clock: Clock;
  /** How long the container has been running, in milliseconds. */
  age: number;
  verdict: boolean | undefined;
  attempt: (probe: Probe) => Promise<Attempt>;
  onVerdict: (verdict: boolean) => void;
  onTrouble: (attempt: Attempt) => void;
}

export class ProbeLoop {
  verdict: boolean | undefined;
  private readonly options: ProbeLoopOptions;
  private timer: Timer | undefined;
  private last: 'success' | 'failure' | undefined;
  private inARow = 0;
  /** Grows beyond any period; a container that has been ready is asked at its period. */
  private retry = FIRST_RETRY_MILLISECONDS;
  private isStopped = false;

  constructor(options: ProbeLoopOptions) {
    this.options = options;
    this.verdict = options.verdict;
  }

  start(): void {
    const delay = (this.options.probe.initialDelaySeconds ?? 0) * 1000 - this.options.age;
    this.schedule(Math.max(0, delay));
  }

  stop(): void {
    this.isStopped = true;
    this.timer?.cancel();
  }

  private schedule(milliseconds: number): void {
    if (!this.isStopped) this.timer = this.options.clock.after(milliseconds, () => this.ask());
  }

  private ask(): void {
    const begun = this.options.clock.now();
    void this.options.attempt(this.options.probe).then((attempt) => {
      if (this.isStopped) return;
      this.note(attempt);
      this.schedule(Math.max(0, this.pause(attempt) - (this.options.clock.now() - begun)));
    });
  }

  private pause({ result }: Attempt): number {
    const { kind, verdict, probe } = this.options;
    const period = (probe.periodSeconds ?? 10) * 1000;
    const isNew = kind === 'readiness' && verdict !== true && result === 'failure';
    this.retry = isNew ? this.retry * 2 : Infinity;
    return Math.min(this.retry, period);
  }

  private note(attempt: Attempt): void {
    const { kind, probe, onTrouble, onVerdict } = this.options;
    if (attempt.result !== 'success' || attempt.isWarning) onTrouble(attempt);
    if (attempt.result === 'unknown') return;
    this.inARow = attempt.result === this.last ? this.inARow + 1 : 1;
    this.last = attempt.result;
    const isSuccess = attempt.result === 'success';
    if (this.inARow < (isSuccess ? (probe.successThreshold ?? 1) : (probe.failureThreshold ?? 3))) return;
    // What has started, has started; what has failed to live is replaced, and not asked again.
    if (kind !== 'readiness' && (!isSuccess || kind === 'startup')) this.stop();
    if (this.verdict === isSuccess) return;
    this.verdict = isSuccess;
    onVerdict(isSuccess);
  }
}
