/** A label selector as text, the way `-l` takes it and status fields show it. */
import type { LabelSelector, LabelSelectorRequirement } from '../types/meta.v1.ts';

/** '' for a selector that selects everything. */
export function selectorText(selector: LabelSelector | undefined): string {
  const equalities = Object.entries(selector?.matchLabels ?? {}).map(([key, value]) => ({
    key,
    text: `${key}=${value}`,
  }));
  const others = (selector?.matchExpressions ?? []).map((each) => ({ key: each.key, text: requirementText(each) }));
  return [...equalities, ...others]
    .toSorted((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
    .map(({ text }) => text)
    .join(',');
}

function requirementText({ key, operator, values = [] }: LabelSelectorRequirement): string {
  if (operator === 'Exists') return key;
  if (operator === 'DoesNotExist') return `!${key}`;
  return `${key} ${operator === 'In' ? 'in' : 'notin'} (${values.toSorted().join(',')})`;
}

/** `a=b,c=d` in the order of the keys; `<none>` for no labels at all. */
export function labelsText(labels: Readonly<Record<string, string>> | undefined): string {
  const pairs = Object.entries(labels ?? {}).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return pairs.map(([key, value]) => `${key}=${value}`).join(',') || '<none>';
}
