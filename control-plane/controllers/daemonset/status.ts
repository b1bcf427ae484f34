/** What a daemon set's status says. */
import type { DaemonSetStatus } from '../../../api/types/apps.v1.ts';
import { isReady } from '../conditions.ts';
import { isAvailable, type Fleet, type Site } from './fleet.ts';

/** The fields that its controller works out. */
export type Counters = Required<Omit<DaemonSetStatus, 'collisionCount' | 'conditions'>>;

export function countersOf(fleet: Fleet): Counters {
  const count = (holds: (site: Site) => boolean): number => fleet.sites.filter(holds).length;
  const wanted = (holds: (site: Site) => boolean): number => count((site) => site.isWanted && holds(site));
  const desiredNumberScheduled = wanted(() => true);
  // Of several on one node the first is taken.
  const numberAvailable = wanted(({ pods: [pod] }) => pod !== undefined && isReady(pod) && isAvailable(fleet, pod));
  return {
    currentNumberScheduled: wanted(({ pods }) => pods.length > 0),
    numberMisscheduled: count(({ exists, isWanted, pods }) => exists && !isWanted && pods.length > 0),
    desiredNumberScheduled,
    numberReady: wanted(({ pods: [pod] }) => pod !== undefined && isReady(pod)),
    observedGeneration: fleet.daemonSet.metadata.generation ?? 0,
    updatedNumberScheduled: wanted(({ pods: [pod] }) => pod !== undefined && fleet.isUpdated(pod)),
    numberAvailable,
    numberUnavailable: desiredNumberScheduled - numberAvailable,
  };
}

/** Those that the status has even when they are 0; the others are left out then. */
const ALWAYS = new Set<string>([
  'currentNumberScheduled',
  'numberMisscheduled',
  'desiredNumberScheduled',
  'numberReady',
]);

/** What changes `status` to say `counters`, as a merge patch; undefined when it does already. */
export function statusPatch(
  status: DaemonSetStatus | undefined,
  counters: Counters,
): Readonly<Record<string, number | null>> | undefined {
  const before = { ...status } as Readonly<Record<string, unknown>>;
  const changed = Object.entries(counters)
    .filter(([field, count]) => (before[field] ?? 0) !== count)
    .map(([field, count]): [string, number | null] => [field, count === 0 && !ALWAYS.has(field) ? null : count]);
  return changed.length > 0 ? Object.fromEntries(changed) : undefined;
}
