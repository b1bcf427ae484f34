/** The taints that a node's state calls for, and for how long a pod tolerates a node's taints. */
import { isDefaultToleration, NOT_READY, UNREACHABLE } from '../../../api/machinery/node-loss.ts';
import { tolerates } from '../../../api/machinery/tolerations.ts';
import type { Node, Pod, Taint } from '../../../api/types/core.v1.ts';

export { NOT_READY, UNREACHABLE };
const UNSCHEDULABLE = 'node.kubernetes.io/unschedulable';

export interface TaintChange {
  readonly add: readonly Taint[];
  readonly remove: readonly Taint[];
}

/** `ready` is the status of the Ready condition. */
export function taintChange({ spec }: Node, ready: string, at: string): TaintChange {
  const wanted = [
    ...(ready === 'False' ? pair(NOT_READY, at) : []),
    ...(ready === 'Unknown' ? pair(UNREACHABLE, at) : []),
    ...(spec.unschedulable ? [{ key: UNSCHEDULABLE, effect: 'NoSchedule', timeAdded: at }] : []),
  ];
  const present = spec.taints ?? [];
  const managed = present.filter(({ key }) => key === NOT_READY || key === UNREACHABLE || key === UNSCHEDULABLE);
  return {
    add: wanted.filter((taint) => !present.some((other) => isSame(taint, other))),
    remove: managed.filter((taint) => !wanted.some((other) => isSame(taint, other))),
  };
}

function pair(key: string, timeAdded: string): Taint[] {
  return [
    { key, effect: 'NoSchedule', timeAdded },
    { key, effect: 'NoExecute', timeAdded },
  ];
}

function isSame(a: Taint, b: Taint): boolean {
  return a.key === b.key && a.effect === b.effect;
}

export function taintsAfter({ spec }: Node, { add, remove }: TaintChange): readonly Taint[] {
  return [...(spec.taints ?? []).filter((taint) => !remove.includes(taint)), ...add];
}

/**
 * An agent that says its node is not ready lives, and so do its pods: it gets this long to mend what it lacks, unless the
 * pod says otherwise. Nobody lives on a node that is unreachable.
 */
const NOT_READY_SECONDS = 30;

function patience({ key }: Taint): number {
  return key === NOT_READY ? NOT_READY_SECONDS : 0;
}

/**
 * Milliseconds until the pod must leave because of NoExecute taints: 0 for now, undefined for never. Each taint must be
 * tolerated, and the shortest `tolerationSeconds` counts, from when its taint was added.
 */
export function untilEviction({ spec }: Pod, taints: readonly Taint[], date: Date): number | undefined {
  // What every pod is given says nothing of this pod.
  const own = (spec.tolerations ?? []).filter((toleration) => !isDefaultToleration(toleration));
  const waits = taints
    .filter(({ effect }) => effect === 'NoExecute')
    .map((taint) => {
      const matching = own.filter((toleration) => tolerates(toleration, taint));
      const limits = matching.length > 0 ? matching.map((one) => one.tolerationSeconds) : [patience(taint)];
      const seconds = limits.filter((limit) => limit !== undefined);
      if (seconds.length === 0) return Infinity;
      const since = taint.timeAdded ? Date.parse(taint.timeAdded) : date.getTime();
      return Math.max(0, since + Math.max(0, Math.min(...seconds)) * 1000 - date.getTime());
    });
  const wait = Math.min(Infinity, ...waits);
  return Number.isFinite(wait) ? wait : undefined;
}
