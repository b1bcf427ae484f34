/** Label selectors as objects carry them (meta/v1 LabelSelector). */
import type { LabelSelector, LabelSelectorRequirement } from '../../api/schema/types/meta.v1.ts';

type Labels = Readonly<Record<string, string>>;

function meets(labels: Labels, { key, operator, values = [] }: LabelSelectorRequirement): boolean {
  const value = labels[key];
  switch (operator) {
    case 'In':
      return value !== undefined && values.includes(value);
    case 'NotIn':
      return value === undefined || !values.includes(value);
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
    default:
      return false;
  }
}

/** An empty selector selects everything, an absent one nothing. */
export function selects(selector: LabelSelector | undefined, labels: Labels): boolean {
  if (!selector) return false;
  const { matchLabels = {}, matchExpressions = [] } = selector;
  return matchesAll(matchLabels, labels) && matchExpressions.every((requirement) => meets(labels, requirement));
}

/** Whether `labels` has every pair of `wanted`. */
export function matchesAll(wanted: Labels, labels: Labels): boolean {
  return Object.entries(wanted).every(([key, value]) => labels[key] === value);
}

/** A selector without requirements: as the selector of a workload it would take every pod of the namespace. */
export function isEmptySelector(selector: LabelSelector | undefined): boolean {
  return Object.keys(selector?.matchLabels ?? {}).length === 0 && (selector?.matchExpressions ?? []).length === 0;
}
