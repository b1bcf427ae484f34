/** Growing delays for what fails again and again, kept per key. */

export interface BackoffOptions {
  /** Milliseconds before the first repeat. */
  readonly initial: number;
  /** Milliseconds that no delay exceeds. */
  readonly max: number;
  /** Each delay is this many times the one before. */
  readonly factor: number;
}

/** The n-th delay, counted from 0, in milliseconds. */
export function backoffDelay(options: BackoffOptions, attempt: number): number {
  return Math.min(options.max, options.initial * options.factor ** attempt);
}

/** Holds an entry only for keys that failed and were not forgotten since. */
export class KeyedBackoff {
  private readonly options: BackoffOptions;
  private readonly attempts = new Map<string, number>();

  constructor(options: BackoffOptions) {
    this.options = options;
  }

  /** The delay before `key` is tried again; longer each time until {@link forget}. */
  next(key: string): number {
    const attempt = this.attempts.get(key) ?? 0;
    this.attempts.set(key, attempt + 1);
    return backoffDelay(this.options, attempt);
  }

  /** How often `key` failed in a row. */
  failures(key: string): number {
    return this.attempts.get(key) ?? 0;
  }

  forget(key: string): void {
    this.attempts.delete(key);
  }
}
