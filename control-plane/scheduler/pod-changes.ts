/** What may change of a pod that has its node, as far as other pods' scheduling is concerned. */
import type { ClusterEvent } from './snapshot.ts';
import type { Labels } from '../../api/machinery/selectors.ts';
import type { Container, Pod } from '../../api/types/core.v1.ts';

/** Which events the change is; none when nothing of it matters. */
export function differencesOf(before: Pod, now: Pod): ClusterEvent[] {
  const events: ClusterEvent[] = [];
  if (!isSameRequests(before, now)) events.push('pod freed');
  const isEnding = before.metadata.deletionTimestamp === undefined && now.metadata.deletionTimestamp !== undefined;
  if (isEnding || !isSameLabels(before.metadata.labels, now.metadata.labels)) events.push('pod changed');
  return events;
}

/** A resize changes them. */
function isSameRequests({ spec: before }: Pod, { spec: now }: Pod): boolean {
  if (before.containers === now.containers && before.initContainers === now.initContainers) return true;
  return (
    requests(before.containers) === requests(now.containers) &&
    requests(before.initContainers) === requests(now.initContainers)
  );
}

function requests(containers: readonly Container[] = []): string {
  return JSON.stringify(containers.map(({ resources }) => resources.requests));
}

export function isSameLabels(before: Labels = {}, now: Labels = {}): boolean {
  if (before === now) return true;
  const keys = Object.keys(now);
  return keys.length === Object.keys(before).length && keys.every((key) => before[key] === now[key]);
}
