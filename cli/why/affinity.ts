/** Required node affinity. */
import type { Node, NodeSelectorRequirement, NodeSelectorTerm, Pod } from '../../api/schema/types/core.v1.ts';
import type { Refusal } from './refusals.ts';

export function affinityRefusal({ spec }: Pod, node: Node): Refusal[] {
  const terms = spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms;
  if (!terms || terms.some((term) => matches(term, node))) return [];
  return [{ kind: 'affinity', wanted: terms.map(termText).join(', or ') || 'nothing at all' }];
}

/** A term without requirements matches nothing. */
function matches({ matchExpressions = [], matchFields = [] }: NodeSelectorTerm, { metadata }: Node): boolean {
  if (matchExpressions.length + matchFields.length === 0) return false;
  const labels = metadata.labels ?? {};
  return (
    matchExpressions.every((requirement) => holds(requirement, labels[requirement.key])) &&
    matchFields.every((requirement) =>
      holds(requirement, requirement.key === 'metadata.name' ? metadata.name : undefined),
    )
  );
}

function holds({ operator, values = [] }: NodeSelectorRequirement, value: string | undefined): boolean {
  switch (operator) {
    case 'In':
      return value !== undefined && values.includes(value);
    case 'NotIn':
      return value === undefined || !values.includes(value);
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
    case 'Gt':
      return value !== undefined && Number(value) > Number(values[0]);
    default:
      return value !== undefined && operator === 'Lt' && Number(value) < Number(values[0]);
  }
}

function termText({ matchExpressions = [], matchFields = [] }: NodeSelectorTerm): string {
  return [...matchExpressions, ...matchFields].map(requirementText).join(' and ');
}

const WORDS: Readonly<Record<string, string>> = {
  In: 'in',
  NotIn: 'not in',
  Exists: 'is there',
  DoesNotExist: 'is not there',
  Gt: '>',
  Lt: '<',
};

function requirementText({ key, operator, values = [] }: NodeSelectorRequirement): string {
  const word = WORDS[operator] ?? operator;
  if (values.length === 0) return `${key} ${word}`;
  return `${key} ${word} ${operator === 'Gt' || operator === 'Lt' ? values[0] : `(${values.join(', ')})`}`;
}
