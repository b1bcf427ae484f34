/** How long a container that keeps failing, or an image that can't be pulled, has to wait: 10 s, doubling, at most 5 min. */

export interface Backoff {
  readonly delay: number;
  /** When the delay was last set; milliseconds since 1970. */
  readonly since: number;
}

export interface BackoffLimits {
  /** Milliseconds. */
  readonly initial: number;
  readonly maximum: number;
}

export const DEFAULT_BACKOFF: BackoffLimits = { initial: 10_000, maximum: 300_000 };

/** Quiet for twice the longest delay, and all is forgiven. */
function isForgiven(backoff: Backoff, at: number, limits: BackoffLimits): boolean {
  return at - backoff.since > 2 * limits.maximum;
}

/** Until when to wait after something that failed at `failedAt`; undefined when it may be tried at once. */
export function waitUntil(
  backoff: Backoff | undefined,
  failedAt: number,
  now: number,
  limits: BackoffLimits,
): number | undefined {
  if (!backoff || isForgiven(backoff, failedAt, limits)) return undefined;
  const until = failedAt + backoff.delay;
  return until > now ? until : undefined;
}

/** The back-off after one more try. */
export function nextBackoff(
  backoff: Backoff | undefined,
  failedAt: number,
  now: number,
  limits: BackoffLimits,
): Backoff {
  if (!backoff || isForgiven(backoff, failedAt, limits)) return { delay: limits.initial, since: now };
  return { delay: Math.min(backoff.delay * 2, limits.maximum), since: now };
}

/** As Kubernetes writes a duration in its messages: `10s`, `1m20s`, `5m0s`. */
export function formatDelay(milliseconds: number): string {
  const seconds = Math.round(milliseconds / 1000);
  if (seconds === 0) return `${milliseconds}ms`;
  return seconds < 60 ? `${seconds}s` : `${Math.floor(seconds / 60)}m${seconds % 60}s`;
}
