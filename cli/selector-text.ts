import type { LabelSelector, LabelSelectorRequirement } from '../api/types/meta.v1.ts';
import { parseRequirements } from '../api/machinery/selector-grammar.ts';
import { CommandError } from './errors.ts';

const SET_OPERATORS: Readonly<Record<string, string>> = {
  in: 'In',
  notin: 'NotIn',
  exists: 'Exists',
  '!': 'DoesNotExist',
};

/** What is typed as `app=web,tier in (a,b)`, as it stands in an object. Throws for what has no place there, such as `a!=b`. */
export function structuredSelector(text: string): LabelSelector {
  const matchLabels: Record<string, string> = {};
  const matchExpressions: LabelSelectorRequirement[] = [];
  for (const { key, operator, values } of parseRequirements(text)) {
    const set = SET_OPERATORS[operator];
    if (operator === '=' || operator === '==') matchLabels[key] = values[0] ?? '';
    else if (set) matchExpressions.push({ key, operator: set, ...(values.length > 0 ? { values: [...values] } : {}) });
    else throw new CommandError(`"${operator}" is not a valid label selector operator`);
  }
  return {
    ...(matchExpressions.length > 0 ? { matchExpressions } : {}),
    ...(Object.keys(matchLabels).length > 0 ? { matchLabels } : {}),
  };
}
