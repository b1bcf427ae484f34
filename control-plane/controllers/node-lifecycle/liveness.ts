/**
 * Whether a node that is not heard of is lost, or whether it is more likely that we don't hear.
 *
 * Three doubts, each of which gives nodes time: the control plane itself could not see (it was just elected, etcd
 * stalled); so many nodes vanished together that a network or server of ours is the likelier fault; several have just
 * vanished and more may follow. One or two nodes are believed at once, so that clusters of two or three fail over.
 */
import { firstAfter } from './losses.ts';

export interface LivenessOptions {
  /** Milliseconds in which nodes can come back after the control plane was blind, or after most of them vanished. */
  readonly graceMilliseconds: number;
}

export interface LivenessSnapshot {
  readonly now: number;
  /** When this node's session was last seen to end, or when it was first looked for; monotonic milliseconds. */
  readonly lostAt: number;
  /** Since when this server has been seeing clearly; undefined while it does not. */
  readonly clearSince: number | undefined;
  /** Since when it judges: what was before, another server saw, or nobody. */
  readonly leadingSince: number;
  /** When each of the nodes that are without a session now lost it, in ascending order; this node included. */
  readonly losses: readonly number[];
  /** Nodes that have a session. */
  readonly live: number;
}

export type Liveness =
  | { readonly state: 'alive' }
  | { readonly state: 'lost' }
  /** Not judged yet. Without `milliseconds`: until the control plane says that it sees clearly. */
  | { readonly state: 'doubtful'; readonly why: string; readonly milliseconds?: number };

/** Losses closer together than this may have one cause: twice the longest time that noticing one takes. */
const TOGETHER_MILLISECONDS = 5000;
/** So many losses together may be the beginning of more. */
const SEVERAL = 3;
/** How long to wait for more: sessions that break for one cause end within about a heartbeat of each other. */
const SETTLE_MILLISECONDS = 1000;

/** Of a node without a session. */
export function judge(snapshot: LivenessSnapshot, { graceMilliseconds }: LivenessOptions): Liveness {
  const { now, clearSince, lostAt, losses } = snapshot;
  if (clearSince === undefined) return { state: 'doubtful', why: 'the control plane does not see clearly itself' };
  // Asked at every change of every pod of a lost node, so it must not look at all the others that are lost.
  const end = firstAfter(losses, lostAt + TOGETHER_MILLISECONDS);
  const together = end - firstAfter(losses, lostAt - TOGETHER_MILLISECONDS);
  const latest = Math.max(lostAt, losses[end - 1] ?? lostAt);
  const waits = [
    {
      until: Math.max(clearSince, snapshot.leadingSince) + graceMilliseconds,
      why: 'the control plane has seen clearly for too short a time',
    },
  ];
  if (together >= SEVERAL) {
    const most = together > (together + snapshot.live) / 2;
    const wait = most ? graceMilliseconds : SETTLE_MILLISECONDS;
    waits.push({ until: latest + wait, why: `${together} nodes vanished together` });
  }
  const longest = waits.reduce((a, b) => (b.until > a.until ? b : a));
  if (longest.until <= now) return { state: 'lost' };
  return { state: 'doubtful', why: longest.why, milliseconds: longest.until - now };
}
