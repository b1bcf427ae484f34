/** A daemon set as it stands: the nodes that matter to it, with its pods on each. */
import { scaledValue } from '../../../api/machinery/intstr.ts';
import type { DaemonSet } from '../../../api/types/apps.v1.ts';
import type { Node, Pod } from '../../../api/types/core.v1.ts';
import { isReady, isTerminal, untilAvailable } from '../conditions.ts';
import { NOWHERE, nodeOf, placementOf, type Placement } from './placement.ts';

export const REVISION_HASH = 'controller-revision-hash';
/** What older clients tell templates apart by. */
export const GENERATION_LABEL = 'pod-template-generation';
const GENERATION_ANNOTATION = 'deprecated.daemonset.template.generation';

/** A node that there is or that a pod names, and the daemon set's pods there. */
export interface Site extends Placement {
  readonly node: string;
  readonly exists: boolean;
  /** Those that are going included, but for those that have also ended; the one to keep first. */
  readonly pods: readonly Pod[];
}

export interface Fleet {
  readonly daemonSet: DaemonSet;
  readonly date: Date;
  /** Of the template as it is now: what new pods are labelled with. */
  readonly hash: string;
  /** All of nodes that are wanted or hold a pod. */
  readonly sites: readonly Site[];
  /** Whether a pod was made from the template as it is now. */
  isUpdated(pod: Pod): boolean;
}

interface FleetRequest {
  readonly daemonSet: DaemonSet;
  readonly date: Date;
  /** The hashes of the revisions that are of the template as it is now; new pods get the first. */
  readonly hashes: readonly [string, ...string[]];
  readonly nodes: Iterable<Node>;
  readonly pods: readonly Pod[];
}

export function fleetOf({ daemonSet, date, hashes, nodes, pods }: FleetRequest): Fleet {
  const generation = templateGeneration(daemonSet);
  return {
    daemonSet,
    date,
    hash: hashes[0],
    sites: sitesOf(daemonSet, nodes, pods),
    isUpdated: ({ metadata: { labels = {} } }) =>
      hashes.includes(labels[REVISION_HASH] ?? '') ||
      (generation !== undefined && labels[GENERATION_LABEL] === String(generation)),
  };
}

function sitesOf(daemonSet: DaemonSet, nodes: Iterable<Node>, pods: readonly Pod[]): readonly Site[] {
  // One that has ended and is deleted as well waits for its finalizers only.
  const there = pods.filter((pod) => !isTerminal(pod) || pod.metadata.deletionTimestamp === undefined);
  const byNode = Map.groupBy(there, (pod) => nodeOf(pod) ?? '');
  const placement = placementOf(daemonSet.spec.template.spec);
  const sites: Site[] = [];
  for (const node of nodes) {
    const { name = '' } = node.metadata;
    const held = byNode.get(name) ?? [];
    byNode.delete(name);
    const placed = placement(node);
    if (placed.isWanted || held.length > 0) sites.push({ ...placed, node: name, exists: true, pods: byMerit(held) });
  }
  byNode.delete('');
  const lost = [...byNode].map(([node, held]) => ({ ...NOWHERE, node, exists: false, pods: byMerit(held) }));
  return [...sites, ...lost];
}

/**
 * Those that stay before those that are going, those on their node before those that wait for it, then the older. Which is
 * older is known to the second; within one, those that are ready come first.
 */
function byMerit(pods: readonly Pod[]): readonly Pod[] {
  const rank = (pod: Pod): string => {
    const { spec, metadata } = pod;
    const age = `${metadata.creationTimestamp ?? ''} ${isReady(pod) ? 0 : 1}`;
    return `${metadata.deletionTimestamp ? 1 : 0}${spec.nodeName ? 0 : 1} ${age} ${metadata.name}`;
  };
  return pods.length > 1 ? pods.toSorted((a, b) => (rank(a) < rank(b) ? -1 : 1)) : pods;
}

/** Counts the changes of the template; undefined when the annotation holds no number. */
export function templateGeneration({ metadata }: DaemonSet): bigint | undefined {
  const text = metadata.annotations?.[GENERATION_ANNOTATION] ?? '';
  return /^[+-]?\d{1,18}$/.test(text) ? BigInt(text) : undefined;
}

export function isAvailable({ daemonSet, date }: Fleet, pod: Pod): boolean {
  return untilAvailable(pod, daemonSet.spec.minReadySeconds ?? 0, date) === 0;
}

/** Pods of the site that are not being deleted. */
export function stayingAt({ pods }: Site): readonly Pod[] {
  return pods.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
}

/** How many nodes an update may take the daemon from, or else put a second one on; never both 0 while a node is wanted. */
export function boundsOf({ spec }: DaemonSet, wanted: number): { surge: number; unavailable: number } {
  if (spec.updateStrategy.type !== 'RollingUpdate') return { surge: 0, unavailable: 0 };
  const { maxSurge = 0, maxUnavailable = 0 } = spec.updateStrategy.rollingUpdate ?? {};
  const surge = scaledValue(maxSurge, wanted, 'up');
  const unavailable = scaledValue(maxUnavailable, wanted, 'up');
  return surge === 0 && unavailable === 0 && wanted > 0 ? { surge, unavailable: 1 } : { surge, unavailable };
}

/** Whether an update may put a second pod on a node. */
export function surges(daemonSet: DaemonSet): boolean {
  return boundsOf(daemonSet, 1).surge > 0;
}
