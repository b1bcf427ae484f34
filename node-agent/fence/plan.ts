/**
 * What to do with the pods that must not run twice, from the time of the last acknowledgement alone. Sealed: no clock, no IO.
 *
 *     open ──no acknowledgement for the length of the lease──▶ closed ──a server has told all and acknowledged──▶ open
 *
 * Closed, they are frozen; one that can't be frozen in time is ended. Open again, those that are still this node's go on
 * where they were; those that have been replaced are killed as they are.
 */
import type { FreezerState } from './freezer.ts';

/** So long after the lease a process that is not frozen is one that will not be: the pod is ended. */
export const FREEZING_MILLISECONDS = 400;

export interface Lease {
  /** When the last acknowledged heartbeat was sent; milliseconds since the machine started. */
  readonly provenAt: number;
  readonly milliseconds: number;
}

export interface FencedPod {
  readonly uid: string;
  readonly state: FreezerState;
  /** Whether a server said last that it is to run here. Means something only once one has, and of one that does not run. */
  readonly isOurs: boolean;
}

export interface FenceView {
  /** Milliseconds since the machine started. */
  readonly now: number;
  /** undefined: this agent knows of no acknowledgement since the machine started. */
  readonly lease: Lease | undefined;
  /** Whether the acknowledgement is of a server that had told this very agent everything. */
  readonly isConfirmed: boolean;
  readonly pods: readonly FencedPod[];
}

export interface FenceAction {
  readonly do: 'freeze' | 'end' | 'thaw' | 'kill';
  readonly uid: string;
}

export interface FencePlan {
  readonly isClosed: boolean;
  readonly actions: readonly FenceAction[];
}

export function planFence(view: FenceView): FencePlan {
  const isClosed = !isValid(view);
  const actions = view.pods.flatMap((pod) => {
    const act = isClosed ? whenClosed(pod, view) : whenOpen(pod, view);
    return act === undefined ? [] : [{ do: act, uid: pod.uid }];
  });
  return { isClosed, actions };
}

export function isValid({ lease, now }: Pick<FenceView, 'lease' | 'now'>): boolean {
  return lease !== undefined && now - lease.provenAt <= lease.milliseconds;
}

function whenClosed({ state }: FencedPod, { lease, now }: FenceView): FenceAction['do'] | undefined {
  if (state === 'absent' || state === 'frozen') return undefined;
  const isLate = lease === undefined || now - lease.provenAt > lease.milliseconds + FREEZING_MILLISECONDS;
  // Asked for a moment ago, by us or by another agent: it gets its time, unless there is none.
  if (state === 'freezing') return isLate ? 'end' : undefined;
  return 'freeze';
}

function whenOpen({ state, isOurs }: FencedPod, { isConfirmed }: FenceView): FenceAction['do'] | undefined {
  if (!isConfirmed || (state !== 'frozen' && state !== 'freezing')) return undefined;
  return isOurs ? 'thaw' : 'kill';
}
