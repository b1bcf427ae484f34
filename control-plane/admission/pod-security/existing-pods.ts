/** What to say about the pods that are there already when a namespace becomes stricter. */
import type { Pod } from '../../../api/types/core.v1.ts';
import { type Standard, standardText, violationsOf } from './standard.ts';

/** Pods that are looked at, however many there are. */
const MAX_PODS = 3000;

interface Found {
  /** The first by name. */
  name: string;
  count: number;
}

/** Pods are told of by the reasons that they have in common; none is touched. */
export function warningsOfPods(namespace: string, pods: Iterable<Pod>, standard: Standard): string[] {
  const { first, total } = firstOf(pods);
  const found = new Map<string, Found>();
  for (const pod of first) {
    const violations = violationsOf(pod, standard);
    if (violations.length > 0) note(found, violations.map(({ reason }) => reason).join(', '), pod.metadata.name ?? '');
  }
  const level = 'PodSecurity enforce level';
  return [
    ...(first.length < total
      ? [`new ${level} only checked against the first ${first.length} of ${total} existing pods`]
      : []),
    ...(found.size > 0
      ? [`existing pods in namespace "${namespace}" violate the new ${level} "${standardText(standard)}"`]
      : []),
    ...[...found].map(([reasons, { name, count }]) => `${name}${othersText(count - 1)}: ${reasons}`).toSorted(),
  ];
}

/** Of those that are replicas of one another one is looked at before all others. */
function firstOf(pods: Iterable<Pod>): { first: Pod[]; total: number } {
  const owners = new Set<string>();
  const unique: Pod[] = [];
  const replicas: Pod[] = [];
  for (const pod of pods) {
    const owner = pod.metadata.ownerReferences?.find(({ controller }) => controller)?.uid;
    if (owner !== undefined && owners.has(owner)) {
      replicas.push(pod);
      continue;
    }
    unique.push(pod);
    if (owner !== undefined) owners.add(owner);
  }
  return { first: [...unique, ...replicas].slice(0, MAX_PODS), total: unique.length + replicas.length };
}

function note(found: Map<string, Found>, reasons: string, name: string): void {
  const known = found.get(reasons) ?? { name, count: 0 };
  found.set(reasons, { name: name < known.name ? name : known.name, count: known.count + 1 });
}

function othersText(count: number): string {
  if (count === 0) return '';
  return count === 1 ? ' (and 1 other pod)' : ` (and ${count} other pods)`;
}
