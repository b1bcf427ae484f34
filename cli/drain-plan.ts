/** Which pods of a node are taken away by `drain`, and what speaks against it. Pure. */
import type { KubeObject } from '../api/object.ts';
import type { Pod } from '../api/types/core.v1.ts';

export interface DrainRules {
  readonly ignoreDaemonsets: boolean;
  readonly deleteEmptydirData: boolean;
  readonly force: boolean;
  /** Pods that should have been gone for longer than so many seconds are left alone; 0: none are. */
  readonly skipWaitForDeleteTimeout: number;
}

export interface DrainPlan {
  readonly pods: readonly Pod[];
  readonly warnings: readonly string[];
  /** Not empty: nothing may be drained. */
  readonly refusals: readonly string[];
}

const MIRROR = 'kubernetes.io/config.mirror';

export function drainPlan(all: readonly Pod[], rules: DrainRules, now: Date): DrainPlan {
  const candidates = all.filter(
    (pod) =>
      pod.metadata.annotations?.[MIRROR] === undefined && untilGivenUp(pod, rules.skipWaitForDeleteTimeout, now) !== 0,
  );
  const daemons = candidates.filter((pod) => controllerOf(pod) === 'DaemonSet' && !isOver(pod));
  const others = candidates.filter((pod) => !daemons.includes(pod));
  const local = others.filter((pod) => !isOver(pod) && pod.spec.volumes?.some(({ emptyDir }) => emptyDir));
  const bare = others.filter((pod) => !isOver(pod) && controllerOf(pod) === undefined);
  const rows: readonly [readonly Pod[], boolean, string, string][] = [
    [
      daemons,
      rules.ignoreDaemonsets,
      'cannot delete DaemonSet-managed Pods (use --ignore-daemonsets to ignore)',
      'ignoring DaemonSet-managed Pods',
    ],
    [
      local,
      rules.deleteEmptydirData,
      'cannot delete Pods with local storage (use --delete-emptydir-data to override)',
      'deleting Pods with local storage',
    ],
    [
      bare,
      rules.force,
      'cannot delete Pods that declare no controller (use --force to override)',
      'deleting Pods that declare no controller',
    ],
  ];
  const found = rows.filter(([pods]) => pods.length > 0);
  return {
    pods: others,
    refusals: found.filter(([, isAllowed]) => !isAllowed).map(([pods, , refusal]) => `${refusal}: ${names(pods)}`),
    warnings: found
      .filter(([pods, isAllowed]) => isAllowed && pods !== local)
      .map(([pods, , , warning]) => `${warning}: ${names(pods)}`),
  };
}

/**
 * In how many milliseconds the pod should have been gone for longer than `seconds`, so that nobody waits for it any more.
 * Undefined: never. Seconds are counted whole.
 */
export function untilGivenUp({ metadata }: KubeObject, seconds: number, now: Date): number | undefined {
  const { deletionTimestamp } = metadata;
  if (seconds <= 0 || deletionTimestamp === undefined) return undefined;
  return Math.max(0, Date.parse(deletionTimestamp) + (seconds + 1) * 1000 - now.getTime());
}

function controllerOf({ metadata }: Pod): string | undefined {
  return metadata.ownerReferences?.find(({ controller }) => controller)?.kind;
}

function isOver({ status }: Pod): boolean {
  return status?.phase === 'Succeeded' || status?.phase === 'Failed';
}

function names(pods: readonly Pod[]): string {
  return pods.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`).join(', ');
}
