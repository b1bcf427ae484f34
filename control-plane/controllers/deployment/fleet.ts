/** A deployment and its replica sets, and the numbers that its rollout is bound by. */
import { isDeepStrictEqual } from 'node:util';

import { scaledValue } from '../../../api/machinery/intstr.ts';
import type { Deployment, ReplicaSet } from '../../../api/types/apps.v1.ts';
import type { Pod } from '../../../api/types/core.v1.ts';
import { withoutHash } from '../template-hash.ts';

export const DESIRED_REPLICAS = 'deployment.kubernetes.io/desired-replicas';
export const MAX_REPLICAS = 'deployment.kubernetes.io/max-replicas';

export interface Fleet {
  readonly deployment: Deployment;
  /** The one whose template is the deployment's. */
  readonly current: ReplicaSet | undefined;
  /** All others, oldest first. */
  readonly old: readonly ReplicaSet[];
  /** Pods of all its replica sets. */
  readonly pods: readonly Pod[];
}

/** A replica set shall have so many replicas. */
export interface Resize {
  readonly set: ReplicaSet;
  readonly replicas: number;
}

export function fleetOf(deployment: Deployment, sets: readonly ReplicaSet[], pods: readonly Pod[]): Fleet {
  const sorted = sets.toSorted(olderFirst);
  const wanted = withoutHash(deployment.spec.template);
  const current = sorted.find((set) => isDeepStrictEqual(withoutHash(set.spec.template), wanted));
  return { deployment, current, old: sorted.filter((set) => set !== current), pods };
}

export function allOf({ current, old }: Fleet): readonly ReplicaSet[] {
  return current ? [...old, current] : old;
}

export function olderFirst(a: ReplicaSet, b: ReplicaSet): number {
  const [left, right] = [a, b].map(({ metadata }) => `${metadata.creationTimestamp ?? ''} ${metadata.name}`);
  return (left ?? '') < (right ?? '') ? -1 : 1;
}

export function replicasOf({ spec }: { spec: { replicas?: number } }): number {
  return spec.replicas ?? 1;
}

export function sum<T>(items: readonly T[], count: (item: T) => number): number {
  return items.reduce((total, item) => total + count(item), 0);
}

/** Whether the set's status speaks of what its spec says now. */
export function isObserved({ metadata, status }: ReplicaSet): boolean {
  return (metadata.generation ?? 0) <= (status?.observedGeneration ?? 0);
}

/** What is available of a set and still wanted: its status may not yet know that it was scaled down. */
export function availableOf(set: ReplicaSet): number {
  return Math.min(set.status?.availableReplicas ?? 0, replicasOf(set));
}

/** How many pods more than desired there may be, and how many fewer may be available. */
export function boundsOf({ spec }: Deployment): { surge: number; unavailable: number } {
  const replicas = replicasOf({ spec });
  if (spec.strategy?.type === 'Recreate') return { surge: 0, unavailable: 0 };
  const { maxSurge = '25%', maxUnavailable = '25%' } = spec.strategy?.rollingUpdate ?? {};
  const surge = scaledValue(maxSurge, replicas, 'up');
  const unavailable = scaledValue(maxUnavailable, replicas, 'down');
  // With neither, nothing could ever move.
  if (surge === 0 && unavailable === 0) return { surge, unavailable: Math.min(1, replicas) };
  return { surge, unavailable: Math.min(unavailable, replicas) };
}

/** No deadline, and the largest 32-bit number, both mean that progress is not judged. */
export function hasDeadline({ spec }: Deployment): boolean {
  return spec.progressDeadlineSeconds !== undefined && spec.progressDeadlineSeconds !== 2 ** 31 - 1;
}
