/** Pods that must be with others, or without them: what they have against a node, as pods are now. */
import { type Labels, selectorFromObject } from '../../api/machinery/selectors.ts';
import type { Node, Pod, PodAffinityTerm } from '../../api/types/core.v1.ts';
import { selectorText } from '../pods.ts';
import type { Refusal } from './refusal.ts';

export interface InhabitedNode {
  readonly node: Node;
  /** The pods that run on it. */
  readonly there: readonly Pod[];
}

/** The labels of namespaces by their names. */
export type NamespaceLabels = ReadonlyMap<string, Labels>;

/** What the required terms of the pod, and those of pods that are there, have against a node. */
export function companyRefusals(
  pod: Pod,
  nodes: readonly InhabitedNode[],
  namespaces: NamespaceLabels,
): (node: Node) => Refusal[] {
  const all = nodes.flatMap(({ node, there }) => there.map((other) => ({ node, other })));
  const isWanted = wantedBy(pod, namespaces);
  const wanted = all.filter(({ other }) => isWanted(other));
  const isFirst = wanted.length === 0 && isWanted(pod);
  return (node) => {
    const isNear = (key: string, other: Node): boolean =>
      domainOf(node, key) !== undefined && domainOf(node, key) === domainOf(other, key);
    return [
      ...affinityTerms(pod)
        .filter(({ topologyKey: key }) => {
          if (domainOf(node, key) === undefined) return true;
          return !isFirst && !wanted.some((each) => isNear(key, each.node));
        })
        .map((term) => aloneRefusal(term, node)),
      ...all.flatMap(({ node: place, other }) => [
        ...antiTerms(pod)
          .filter((term) => isNear(term.topologyKey, place) && isAbout(term, pod, other, namespaces))
          .map((term) => besideRefusal('shunned', term, other, node)),
        ...antiTerms(other)
          .filter((term) => isNear(term.topologyKey, place) && isAbout(term, other, pod, namespaces))
          .map((term) => besideRefusal('unwelcome', term, other, node)),
      ]),
    ];
  };
}

function affinityTerms({ spec }: Pod): readonly PodAffinityTerm[] {
  return spec.affinity?.podAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? [];
}

function antiTerms({ spec }: Pod): readonly PodAffinityTerm[] {
  return spec.affinity?.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? [];
}

/** Only pods that every term is about count. */
function wantedBy(pod: Pod, namespaces: NamespaceLabels): (other: Pod) => boolean {
  return (other) => affinityTerms(pod).every((term) => isAbout(term, pod, other, namespaces));
}

function isAbout(term: PodAffinityTerm, owner: Pod, { metadata }: Pod, namespaces: NamespaceLabels): boolean {
  const { labelSelector, namespaceSelector, namespaces: named = [] } = term;
  const { namespace = '' } = metadata;
  const isOwn = named.length === 0 && !namespaceSelector && namespace === owner.metadata.namespace;
  const isSelected =
    namespaceSelector !== undefined && selectorFromObject(namespaceSelector).matches(namespaces.get(namespace) ?? {});
  return (
    (isOwn || named.includes(namespace) || isSelected) && selectorFromObject(labelSelector).matches(metadata.labels)
  );
}

function domainOf({ metadata }: Node, key: string): string | undefined {
  return metadata.labels?.[key];
}

function aloneRefusal({ topologyKey: key, labelSelector }: PodAffinityTerm, node: Node): Refusal {
  return { kind: 'alone', key, domain: domainOf(node, key), wanted: selectorText(labelSelector) };
}

function besideRefusal(
  kind: 'shunned' | 'unwelcome',
  { topologyKey: key }: PodAffinityTerm,
  { metadata }: Pod,
  node: Node,
): Refusal {
  return { kind, key, domain: domainOf(node, key) ?? '', by: `${metadata.namespace}/${metadata.name}` };
}
