/** What a plan is made from and of. */
import { gracePeriodOf } from '../../api/defaults/pod.ts';
import type { Pod } from '../../api/types/core.v1.ts';
import type { Action, KillCause } from './action.ts';
import { actionKey } from './action.ts';
import type { BackoffLimits } from './backoff.ts';
import type { MemoryView, Verdict } from './memory.ts';
import type { ObservedContainer, ObservedPod } from './observed.ts';
import type { Stage } from './stage.ts';

export interface PlanInput {
  readonly pod: Pod;
  /** False once the control plane no longer names the pod: it was deleted by force, or moved while we were cut off. */
  readonly wanted: boolean;
  readonly observed: ObservedPod;
  readonly memory: MemoryView;
  /** Milliseconds since 1970. */
  readonly now: number;
  readonly limits: BackoffLimits;
  /** What this node can't do of what the pod asks for; with any of these nothing is started. */
  readonly problems: readonly string[];
  /** Why this node does not take the pod at all. */
  readonly rejection?: Verdict | undefined;
}

export interface Waiting {
  readonly reason: string;
  readonly message?: string;
}

export interface Plan {
  readonly stage: Stage;
  readonly verdict: Verdict | undefined;
  readonly actions: readonly Action[];
  /** When to plan again though nothing happened; milliseconds since 1970. */
  readonly wakeAt: number | undefined;
  /** Why a container is not running: by container name. */
  readonly waiting: ReadonlyMap<string, Waiting>;
}

/** Collects a plan; asking for what is under way or was tried too recently adds only a time to wake at. */
export class PlanBuilder {
  readonly input: PlanInput;
  readonly actions: Action[] = [];
  readonly waiting = new Map<string, Waiting>();
  wakeAt: number | undefined;

  constructor(input: PlanInput) {
    this.input = input;
  }

  do(action: Action): void {
    const key = actionKey(action);
    if (this.input.memory.underway.has(key)) return;
    const failure = this.input.memory.failures.get(key);
    if (failure && failure.retryAt > this.input.now) this.wake(failure.retryAt);
    else this.actions.push(action);
  }

  wake(at: number): void {
    this.wakeAt = Math.min(this.wakeAt ?? Infinity, at);
  }

  wait(container: string, reason: string, message?: string): void {
    this.waiting.set(container, message === undefined ? { reason } : { reason, message });
  }

  isUnderway(key: string): boolean {
    return this.input.memory.underway.has(key);
  }

  kill(container: ObservedContainer, cause: KillCause, graceSeconds: number, reason: string): void {
    const action = { type: 'killContainer', id: container.id, container: container.name, cause, graceSeconds, reason };
    const underway = this.input.memory.underway.get(`container:${container.id}`);
    // A kill that is under way is overtaken only by one that is clearly quicker.
    const isQuicker =
      underway?.deadline !== undefined && underway.deadline > this.input.now + graceSeconds * 1000 + 500;
    if (isQuicker) this.actions.push(action as Action);
    else this.do(action as Action);
  }

  finish(stage: Stage, verdict: Verdict | undefined): Plan {
    const { actions, wakeAt, waiting } = this;
    return { stage, verdict, actions, wakeAt, waiting };
  }
}

/** How long a container of this pod may take to end; unwanted pods get no time, others run in their place already. */
export function graceOf({ pod, wanted }: Pick<PlanInput, 'pod' | 'wanted'>): number {
  if (!wanted) return 0;
  const { deletionTimestamp, deletionGracePeriodSeconds } = pod.metadata;
  if (deletionTimestamp !== undefined && deletionGracePeriodSeconds !== undefined) return deletionGracePeriodSeconds;
  return gracePeriodOf(pod.spec);
}
