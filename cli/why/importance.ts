/** Which less important pods a pod that waits has sent away, or leaves in its way. */
import type { Pod } from '../../api/types/core.v1.ts';

/** At most so many are named. */
const MAX_NAMES = 5;

/** `others` are the pods that are on nodes now. */
export function importanceFacts(pod: Pod, others: readonly Pod[]): string[] {
  const { nominatedNodeName: node } = pod.status ?? {};
  const lower = others.filter((other) => priorityOf(other) < priorityOf(pod));
  if (node) {
    const ending = lower.filter(
      ({ metadata, spec }) => spec.nodeName === node && metadata.deletionTimestamp !== undefined,
    );
    return [
      `It has its place on ${node}${ending.length > 0 ? `, once these pods there have ended: ${names(ending)}` : ''}.`,
    ];
  }
  if (pod.spec.preemptionPolicy !== 'Never' || lower.length === 0) return [];
  return [`It ends no other pods (its preemptionPolicy is Never), although these are less important: ${names(lower)}.`];
}

function priorityOf({ spec }: Pod): number {
  return spec.priority ?? 0;
}

/** The least important first. */
function names(pods: readonly Pod[]): string {
  const sorted = pods.toSorted((a, b) => priorityOf(a) - priorityOf(b));
  const named = sorted
    .slice(0, MAX_NAMES)
    .map((pod) => `${pod.metadata.namespace}/${pod.metadata.name} (priority ${priorityOf(pod)})`);
  const more = sorted.length - named.length;
  return named.join(', ') + (more > 0 ? ` and ${more} more` : '');
}
