/** Topology spread constraints that must hold. */
import { selectorFromObject } from '../../api/machinery/selectors.ts';
import type { Node, Pod, TopologySpreadConstraint } from '../../api/types/core.v1.ts';
import type { Refusal } from './refusal.ts';

/** A node with what decides whether it counts as part of a domain. */
export interface SpreadNode {
  readonly node: Node;
  /** The pods that run on it. */
  readonly there: readonly Pod[];
  /** It has the labels that the pod wants of a node. */
  readonly isWanted: boolean;
  readonly isTolerated: boolean;
}

/** What each constraint has against a node, once all nodes are counted. */
export function spreadRefusals(pod: Pod, nodes: readonly SpreadNode[]): (node: Node) => Refusal[] {
  const rules = (pod.spec.topologySpreadConstraints ?? [])
    .filter(({ whenUnsatisfiable }) => whenUnsatisfiable === 'DoNotSchedule')
    .map((constraint) => ruleOf(pod, constraint, nodes));
  return (node) => rules.flatMap((rule) => rule(node));
}

function ruleOf(
  pod: Pod,
  constraint: TopologySpreadConstraint,
  nodes: readonly SpreadNode[],
): (node: Node) => Refusal[] {
  const { topologyKey: key, maxSkew, minDomains = 1 } = constraint;
  const counted = selectorOf(pod, constraint);
  const counts = new Map<string, number>();
  for (const { node, there, isWanted, isTolerated } of nodes) {
    const domain = node.metadata.labels?.[key];
    if (domain === undefined || !isEligible(constraint, isWanted, isTolerated)) continue;
    const own = there.filter(
      ({ metadata }) =>
        metadata.namespace === pod.metadata.namespace && !metadata.deletionTimestamp && counted(metadata.labels),
    );
    counts.set(domain, (counts.get(domain) ?? 0) + own.length);
  }
  const least = counts.size < minDomains ? 0 : Math.min(...counts.values());
  const itself = counted(pod.metadata.labels) ? 1 : 0;
  return ({ metadata }) => {
    const domain = metadata.labels?.[key];
    if (domain === undefined) return [{ kind: 'no-domain', key }];
    const count = counts.get(domain) ?? 0;
    return count + itself - least > maxSkew ? [{ kind: 'spread', key, domain, count, least, maxSkew }] : [];
  };
}

/** By default a domain is made of the nodes that the pod wants, whatever their taints are. */
function isEligible(
  { nodeAffinityPolicy = 'Honor', nodeTaintsPolicy = 'Ignore' }: TopologySpreadConstraint,
  isWanted: boolean,
  isTolerated: boolean,
): boolean {
  return (isWanted || nodeAffinityPolicy !== 'Honor') && (isTolerated || nodeTaintsPolicy !== 'Honor');
}

function selectorOf(
  { metadata }: Pod,
  { labelSelector, matchLabelKeys = [] }: TopologySpreadConstraint,
): (labels: Readonly<Record<string, string>> | undefined) => boolean {
  const { matches } = selectorFromObject(labelSelector);
  const own = matchLabelKeys.flatMap((key) => {
    const value = metadata.labels?.[key];
    return value === undefined ? [] : [[key, value] as const];
  });
  return (labels) => matches(labels) && own.every(([key, value]) => labels?.[key] === value);
}
