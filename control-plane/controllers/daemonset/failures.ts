/**
 * How long a failed pod stays before it is replaced: nothing the first time, then longer each time on the same node. A pod
 * that the node refuses again and again is not made again and again at once.
 */
import { backoffDelay, type BackoffOptions } from '../../../lib/backoff.ts';

/** As the daemon set controller of Kubernetes. */
const BACKOFF: BackoffOptions = { initial: 1000, max: 15 * 60_000, factor: 2 };
/** A node on which no pod has failed for so long starts anew. */
const FORGOTTEN_MILLISECONDS = 2 * BACKOFF.max;
/** Between two looks for nodes that can be forgotten. */
const SWEEP_MILLISECONDS = 60_000;

interface Failure {
  readonly attempt: number;
  /** Monotonic milliseconds. */
  readonly at: number;
}

export class Failures {
  private readonly failures = new Map<string, Failure>();
  private sweptAt = 0;

  /** Milliseconds until a failed pod may be replaced. `now`: monotonic milliseconds. */
  untilReplaced(key: string, now: number): number {
    const failure = this.recent(key, now);
    return failure ? Math.max(0, failure.at + backoffDelay(BACKOFF, failure.attempt) - now) : 0;
  }

  /** A failed pod is replaced now. */
  note(key: string, now: number): void {
    this.sweep(now);
    const before = this.recent(key, now);
    this.failures.set(key, { attempt: before ? before.attempt + 1 : 0, at: now });
  }

  private recent(key: string, now: number): Failure | undefined {
    const failure = this.failures.get(key);
    return failure && now - failure.at <= FORGOTTEN_MILLISECONDS ? failure : undefined;
  }

  private sweep(now: number): void {
    if (now - this.sweptAt < SWEEP_MILLISECONDS) return;
    this.sweptAt = now;
    for (const key of this.failures.keys()) if (!this.recent(key, now)) this.failures.delete(key);
  }
}
