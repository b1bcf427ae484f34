/** How a rollout moves on: which replica sets grow and shrink now. */
import type { Fleet, Resize } from './fleet.ts';
import { allOf, availableOf, boundsOf, isObserved, replicasOf, sum } from './fleet.ts';

/**
 * The size that the current set may have next to the others, starting from `size`. Pods that the others were told to give
 * up count until they have, so that there are never more than allowed.
 */
export function nextCurrentSize(fleet: Fleet, size: number): number {
  const { deployment, old } = fleet;
  const desired = replicasOf(deployment);
  if (size >= desired || deployment.spec.strategy?.type === 'Recreate') return desired;
  if (!old.every(isObserved)) return size;
  const others = sum(old, (set) => Math.max(replicasOf(set), set.status?.replicas ?? 0));
  const room = desired + boundsOf(deployment).surge - others - size;
  return size + Math.max(0, Math.min(room, desired - size));
}

/** One step of a rolling update: the current set grows as far as there is room, the old ones shrink as far as is safe. */
export function rollingStep(fleet: Fleet): readonly Resize[] {
  const { current } = fleet;
  if (!current) return [];
  const size = nextCurrentSize(fleet, replicasOf(current));
  const growth = size === replicasOf(current) ? [] : [{ set: current, replicas: size }];
  return [...growth, ...shrinkOld(fleet, size)];
}

function shrinkOld(fleet: Fleet, currentSize: number): readonly Resize[] {
  const { deployment, current } = fleet;
  if (!current) return [];
  const floor = replicasOf(deployment) - boundsOf(deployment).unavailable;
  // A status from before the last change of size may count pods that are gone.
  const available = isObserved(current) ? Math.min(availableOf(current), currentSize) : 0;
  const old = fleet.old.filter((set) => replicasOf(set) > 0);
  // What may go while every pod of the current set that is not available yet counts for nothing.
  const spare = sum(old, replicasOf) + available - floor;
  const unhealthy = takeFrom(old, Math.max(0, spare), (set) => replicasOf(set) - availableOf(set));
  const removed = sum(unhealthy, ({ set, replicas }) => replicasOf(set) - replicas);
  const sizes = new Map(unhealthy.map(({ set, replicas }) => [set, replicas]));
  const excess = Math.min(sum(old, availableOf) + available - floor, spare - removed);
  const sizeOf = (set: (typeof old)[number]): number => sizes.get(set) ?? replicasOf(set);
  for (const { set, replicas } of takeFrom(old, Math.max(0, excess), sizeOf)) {
    sizes.set(set, sizeOf(set) - (replicasOf(set) - replicas));
  }
  return [...sizes]
    .filter(([set, replicas]) => replicas !== replicasOf(set))
    .map(([set, replicas]) => ({ set, replicas }));
}

/** Takes `count` replicas away, oldest set first, from each no more than `most` says. */
function takeFrom(sets: Fleet['old'], count: number, most: (set: Fleet['old'][number]) => number): readonly Resize[] {
  const resizes: Resize[] = [];
  let left = count;
  for (const set of sets) {
    const taken = Math.min(left, most(set));
    if (taken <= 0) continue;
    resizes.push({ set, replicas: replicasOf(set) - taken });
    left -= taken;
  }
  return resizes;
}

/** Recreate: nothing of the current set before nothing is left of the others. */
export function recreateStep(fleet: Fleet): readonly Resize[] {
  const old = fleet.old.filter((set) => replicasOf(set) > 0).map((set) => ({ set, replicas: 0 }));
  if (old.length > 0 || oldPodsRun(fleet)) return old;
  const { current, deployment } = fleet;
  const desired = replicasOf(deployment);
  return current && replicasOf(current) !== desired ? [{ set: current, replicas: desired }] : [];
}

/** Whether a pod of an old set may still run. One that is being deleted does. */
export function oldPodsRun({ pods, current }: Fleet): boolean {
  return pods.some(
    ({ metadata, status }) =>
      status?.phase !== 'Succeeded' &&
      status?.phase !== 'Failed' &&
      !metadata.ownerReferences?.some(({ uid }) => uid === current?.metadata.uid),
  );
}

/** Whether everything runs, is available, and is of the current template. */
export function isComplete(fleet: Fleet): boolean {
  const desired = replicasOf(fleet.deployment);
  const { current } = fleet;
  return (
    current !== undefined &&
    (current.status?.replicas ?? 0) === desired &&
    sum(allOf(fleet), ({ status }) => status?.replicas ?? 0) === desired &&
    sum(allOf(fleet), ({ status }) => status?.availableReplicas ?? 0) === desired
  );
}
