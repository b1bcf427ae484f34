/** What may change of a pod that has its node, as far as other pods' scheduling is concerned. */
import { type PodInfo, type Request, requestOf } from './pod-info.ts';
import type { ClusterEvent } from './snapshot.ts';
import type { Labels } from '../../api/machinery/selectors.ts';
import type { Pod } from '../../api/types/core.v1.ts';

/** Which events the change is; none when nothing of it matters. */
export function differencesOf({ pod: before, request }: PodInfo, now: Pod): ClusterEvent[] {
  const events: ClusterEvent[] = [];
  if (!isSameRequest(request, requestOf(now))) events.push('pod freed');
  const isEnding = before.metadata.deletionTimestamp === undefined && now.metadata.deletionTimestamp !== undefined;
  if (isEnding || !isSameLabels(before.metadata.labels, now.metadata.labels)) events.push('pod changed');
  return events;
}

/** A resize changes it, once more when the node has carried it out. */
function isSameRequest(before: Request, now: Request): boolean {
  if (before.cpu !== now.cpu || before.memory !== now.memory || before.others.size !== now.others.size) return false;
  for (const [name, amount] of now.others) if (before.others.get(name) !== amount) return false;
  return true;
}

export function isSameLabels(before: Labels = {}, now: Labels = {}): boolean {
  if (before === now) return true;
  const keys = Object.keys(now);
  return keys.length === Object.keys(before).length && keys.every((key) => before[key] === now[key]);
}
