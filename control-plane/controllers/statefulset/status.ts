/** A stateful set's status: its counters, and the revisions that it is moving from and to. */
import type { StatefulSet, StatefulSetStatus } from '../../../api/types/apps.v1.ts';
import type { Pod } from '../../../api/types/core.v1.ts';
import type { Crew } from './crew.ts';
import { isAvailable, isRunningAndReady, isTerminating, replicasOf, revisionOf } from './pods.ts';

export function statusOf({ statefulSet, current, update, slots, condemned, date }: Crew): StatefulSetStatus {
  const pods = [...slots.flatMap(({ pod }) => pod ?? []), ...condemned];
  const ready = pods.filter(isRunningAndReady).length;
  const updated = countOf(pods, update.metadata.name);
  const isDone = isComplete(statefulSet, { replicas: pods.length, ready, updated });
  const counters: Record<string, number | string | undefined> = {
    observedGeneration: statefulSet.metadata.generation,
    readyReplicas: ready,
    currentReplicas: isDone ? updated : countOf(pods, current.metadata.name),
    updatedReplicas: updated,
    currentRevision: (isDone ? update : current).metadata.name,
    updateRevision: update.metadata.name,
  };
  const { conditions } = statefulSet.status ?? {};
  return {
    // Counters of zero are left out, as Kubernetes does, but for those that it always tells.
    ...Object.fromEntries(Object.entries(counters).filter(([, value]) => value)),
    replicas: pods.length,
    availableReplicas: pods.filter((pod) => isAvailable(statefulSet, pod, date)).length,
    collisionCount: statefulSet.status?.collisionCount ?? 0,
    ...(conditions ? { conditions } : {}),
  };
}

/** Those of a revision that stay. */
function countOf(pods: readonly Pod[], revision: string | undefined): number {
  return pods.filter((pod) => revisionOf(pod) === revision && !isTerminating(pod)).length;
}

/** Whether an update has reached every pod, so that what was new is what is. */
function isComplete(
  statefulSet: StatefulSet,
  { replicas, ready, updated }: { replicas: number; ready: number; updated: number },
): boolean {
  if (statefulSet.spec.updateStrategy.type !== 'RollingUpdate') return false;
  const wanted = replicasOf(statefulSet);
  return replicas === wanted && ready === wanted && updated === wanted;
}
