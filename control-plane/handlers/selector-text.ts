import type { LabelSelector } from '../../api/schema/types/meta.v1.ts';

/** A selector as a query would write it: how a Scale names its pods. */
export function selectorText(selector: LabelSelector | undefined): string {
  const labels = Object.entries(selector?.matchLabels ?? {}).map(([key, value]) => `${key}=${value}`);
  const expressions = (selector?.matchExpressions ?? []).map(({ key, operator, values }) => {
    if (operator === 'Exists') return key;
    if (operator === 'DoesNotExist') return `!${key}`;
    return `${key} ${operator.toLowerCase()} (${(values ?? []).toSorted().join(',')})`;
  });
  return [...labels, ...expressions].toSorted().join(',');
}
