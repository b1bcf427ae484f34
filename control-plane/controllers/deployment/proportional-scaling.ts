/** What a change of `spec.replicas` means while no rollout may move: each replica set keeps its share. */
import type { ReplicaSet } from '../../../api/types/apps.v1.ts';
import type { Fleet, Resize } from './fleet.ts';
import { DESIRED_REPLICAS, MAX_REPLICAS, allOf, availableOf, boundsOf, olderFirst, replicasOf, sum } from './fleet.ts';

function numberIn(set: ReplicaSet, annotation: string): number | undefined {
  const value = set.metadata.annotations?.[annotation];
  return value === undefined ? undefined : Number.parseInt(value, 10);
}

/** Whether `spec.replicas` has changed since the sets were last sized by it. */
export function wasScaled(fleet: Fleet): boolean {
  const desired = replicasOf(fleet.deployment);
  return allOf(fleet).some((set) => {
    const before = numberIn(set, DESIRED_REPLICAS);
    return replicasOf(set) > 0 && before !== undefined && before !== desired;
  });
}

/** The sizes that all sets should have; also where only their annotations lag behind. */
export function scaleStep(fleet: Fleet): readonly Resize[] {
  const { deployment, current, old } = fleet;
  const desired = replicasOf(deployment);
  const active = allOf(fleet).filter((set) => replicasOf(set) > 0);
  const only = active.length > 1 ? undefined : (active[0] ?? current ?? old.at(-1));
  if (only) return [{ set: only, replicas: desired }];
  if (active.length === 0) return [];
  if (current && isSaturated(current, desired)) {
    return old.filter((set) => replicasOf(set) > 0).map((set) => ({ set, replicas: 0 }));
  }
  return deployment.spec.strategy?.type === 'Recreate' ? [] : inProportion(fleet, active);
}

function isSaturated(current: ReplicaSet, desired: number): boolean {
  return (
    replicasOf(current) === desired &&
    numberIn(current, DESIRED_REPLICAS) === desired &&
    availableOf(current) === desired
  );
}

function inProportion({ deployment }: Fleet, active: readonly ReplicaSet[]): readonly Resize[] {
  const desired = replicasOf(deployment);
  const allowed = desired > 0 ? desired + boundsOf(deployment).surge : 0;
  const toAdd = allowed - sum(active, replicasOf);
  const newestFirst = active.toSorted(olderFirst).toReversed();
  // What is added goes to the newer of equals first, what is taken to the older.
  const order = (toAdd > 0 ? newestFirst : newestFirst.toReversed()).toSorted((a, b) => replicasOf(b) - replicasOf(a));
  let added = 0;
  const resizes = order.map((set) => {
    const share = shareOf(set, allowed, deployment.status?.replicas ?? 0, toAdd - added);
    added += share;
    return { set, replicas: replicasOf(set) + share };
  });
  // Rounding leaves some over; the largest takes it.
  return resizes.map((resize, index) =>
    index === 0 ? { ...resize, replicas: Math.max(0, resize.replicas + toAdd - added) } : resize,
  );
}

/** How many of the `left` replicas to add (or, below zero, to take) fall to this set. */
function shareOf(set: ReplicaSet, allowed: number, statusReplicas: number, left: number): number {
  if (left === 0) return 0;
  const size = replicasOf(set);
  const before = numberIn(set, MAX_REPLICAS) || statusReplicas;
  if (before === 0) return 0;
  const share = Math.round((size * allowed) / before) - size;
  return left > 0 ? Math.max(0, Math.min(share, left)) : Math.min(0, Math.max(share, left));
}
