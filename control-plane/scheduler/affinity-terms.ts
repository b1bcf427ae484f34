/** The terms of pod affinity and anti-affinity, compiled: which pods each is about, and by which label of nodes. */
import type { Namespaces } from './namespaces.ts';
import { type Selector, selectorFromObject } from '../../api/machinery/selectors.ts';
import type { Pod, PodAffinityTerm } from '../../api/types/core.v1.ts';

export interface AffinityTerm {
  /** The same for terms that mean the same. */
  readonly id: string;
  readonly topologyKey: string;
  /** The pods that it is about are in these namespaces, */
  readonly namespaces: readonly string[];
  /** and in those that this one selects. */
  readonly namespaceSelector: Selector | undefined;
  readonly selector: Selector;
}

export interface WeightedTerm extends AffinityTerm {
  /** Below 0 for anti-affinity. */
  readonly weight: number;
}

/**
 * Of each list of terms so many count. Every term is compared with every pod of its namespaces: thousands of them, which fit
 * into an object, would hold up everybody else. A pod that requires more is not scheduled; of preferences the rest is left.
 */
export const MAX_TERMS = 100;

export interface AffinityTerms {
  readonly required: readonly AffinityTerm[];
  readonly requiredAnti: readonly AffinityTerm[];
  readonly preferred: readonly WeightedTerm[];
  /** More than {@link MAX_TERMS} must hold. */
  readonly isTooMany: boolean;
}

/** undefined for a pod that has none. */
export function affinityTermsOf({ spec, metadata }: Pod): AffinityTerms | undefined {
  const { podAffinity, podAntiAffinity } = spec.affinity ?? {};
  if (!podAffinity && !podAntiAffinity) return undefined;
  const { namespace = '' } = metadata;
  const preferred = (of: typeof podAffinity, sign: 1 | -1): WeightedTerm[] =>
    (of?.preferredDuringSchedulingIgnoredDuringExecution ?? [])
      .slice(0, MAX_TERMS)
      .map(({ weight, podAffinityTerm }) => ({
        ...compiled(podAffinityTerm, namespace),
        weight: sign * weight,
      }));
  const termsOf = (of: typeof podAffinity): PodAffinityTerm[] =>
    of?.requiredDuringSchedulingIgnoredDuringExecution ?? [];
  const required = (of: typeof podAffinity): AffinityTerm[] =>
    termsOf(of)
      .slice(0, MAX_TERMS)
      .map((term) => compiled(term, namespace));
  return {
    required: required(podAffinity),
    requiredAnti: required(podAntiAffinity),
    preferred: [...preferred(podAffinity, 1), ...preferred(podAntiAffinity, -1)],
    isTooMany: [podAffinity, podAntiAffinity].some((of) => termsOf(of).length > MAX_TERMS),
  };
}

/** Whether the term is about the pod, wherever that is. */
export function isAbout(
  term: AffinityTerm,
  { pod, namespace }: { readonly pod: Pod; readonly namespace: string },
  namespaces: Namespaces,
): boolean {
  const isThere =
    term.namespaces.includes(namespace) || (term.namespaceSelector?.matches(namespaces.labelsOf(namespace)) ?? false);
  return isThere && term.selector.matches(pod.metadata.labels);
}

/** The namespaces whose pods the terms can be about, undefined for any. */
export function namespacesOf(terms: readonly AffinityTerm[]): readonly string[] | undefined {
  if (terms.some(({ namespaceSelector }) => namespaceSelector)) return undefined;
  return [...new Set(terms.flatMap((term) => term.namespaces))];
}

/** Names what the terms are about while namespaces have the labels that they have now. */
export function idOf(terms: readonly AffinityTerm[], namespaces: Namespaces): string {
  const isBound = terms.some(({ namespaceSelector }) => namespaceSelector && !namespaceSelector.isEverything);
  return `${isBound ? namespaces.version : ''} ${terms.map(({ id }) => id).join(' ')}`;
}

/** What of the labels only the pod itself knows (matchLabelKeys) was put into the selector when it was made. */
function compiled(term: PodAffinityTerm, namespace: string): AffinityTerm {
  const { topologyKey, labelSelector, namespaceSelector } = term;
  const isOwn = !term.namespaces?.length && !namespaceSelector;
  const namespaces = isOwn ? [namespace] : (term.namespaces ?? []).toSorted();
  return {
    id: JSON.stringify([topologyKey, namespaces, namespaceSelector, labelSelector]),
    topologyKey,
    namespaces,
    namespaceSelector: namespaceSelector && selectorFromObject(namespaceSelector),
    selector: selectorFromObject(labelSelector),
  };
}
