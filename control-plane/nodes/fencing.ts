/** For how long an acknowledged heartbeat entitles an agent to run pods that must never run twice. */

/**
 * What an agent needs at most after its lease: to freeze the pods (or its guard, when it does not), to end those that can't be
 * frozen, and for clocks and timers that are late. The parts are in docs/decisions/fencing.md.
 */
const RESERVE_MILLISECONDS = 1200;
/** Heartbeats that may be lost without a pod being frozen for it. */
const SPARE_HEARTBEATS = 3;

export interface FencingTimes {
  readonly heartbeatMilliseconds: number;
  /** Silence that ends a session, the shortest there is. */
  readonly timeoutMilliseconds: number;
  /** From the end of a session to the moment at which its pods with an identity are replaced. */
  readonly fenceMilliseconds: number;
  /** The least time from the last acknowledgement of a server whose own session was lost to the end of the agents' sessions there. */
  readonly doubtMilliseconds: number;
}

/** In milliseconds, from when the heartbeat was sent. Throws an Error when the times leave too few. */
export function leaseLength(times: FencingTimes): number {
  const { heartbeatMilliseconds, timeoutMilliseconds, fenceMilliseconds, doubtMilliseconds } = times;
  const replacedAfter = Math.min(timeoutMilliseconds, doubtMilliseconds) + fenceMilliseconds;
  const lease = replacedAfter - RESERVE_MILLISECONDS;
  const least = SPARE_HEARTBEATS * heartbeatMilliseconds;
  if (lease >= least) return lease;
  throw new Error(
    `--fence: ${fenceMilliseconds} ms is too short; with these other times it must be at least ${fenceMilliseconds + least - lease} ms`,
  );
}
