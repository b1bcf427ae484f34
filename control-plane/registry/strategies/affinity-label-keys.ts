/**
 * matchLabelKeys and mismatchLabelKeys of pod affinity: the new pod's own values become part of each term's selector, as
 * what it is matched by must not change with its labels.
 */
import type { Pod, PodAffinity, PodAffinityTerm } from '../../../api/types/core.v1.ts';
import type { LabelSelectorRequirement } from '../../../api/types/meta.v1.ts';

type Labels = Readonly<Record<string, string>>;

export function applyLabelKeys({ metadata, spec }: Pod): void {
  const { podAffinity, podAntiAffinity } = spec?.affinity ?? {};
  for (const term of [...termsOf(podAffinity), ...termsOf(podAntiAffinity)]) apply(term, metadata?.labels ?? {});
}

function termsOf(affinity: PodAffinity | undefined): PodAffinityTerm[] {
  const preferred = affinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [];
  const required = affinity?.requiredDuringSchedulingIgnoredDuringExecution ?? [];
  return [...preferred.map(({ podAffinityTerm }) => podAffinityTerm), ...required];
}

/** A term without a selector is about no pods at all, and stays so. What is not there at all is for validation to say. */
function apply(term: PodAffinityTerm | undefined, labels: Labels): void {
  if (!term?.labelSelector) return;
  const { labelSelector, matchLabelKeys = [], mismatchLabelKeys = [] } = term;
  const added = [...requirements(matchLabelKeys, 'In', labels), ...requirements(mismatchLabelKeys, 'NotIn', labels)];
  if (added.length === 0) return;
  term.labelSelector = { ...labelSelector, matchExpressions: [...(labelSelector.matchExpressions ?? []), ...added] };
}

function requirements(keys: readonly string[], operator: string, labels: Labels): LabelSelectorRequirement[] {
  return keys
    .filter((key) => Object.hasOwn(labels, key))
    .map((key) => ({ key, operator, values: [labels[key] ?? ''] }));
}
