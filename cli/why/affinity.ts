/** Required node affinity. */
import { matchesTerm } from '../../api/machinery/node-selector.ts';
import type { Node, NodeSelectorRequirement, NodeSelectorTerm, Pod } from '../../api/types/core.v1.ts';
import type { Refusal } from './refusal.ts';

export function affinityRefusal({ spec }: Pod, node: Node): Refusal[] {
  const terms = spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms;
  if (!terms || terms.some((term) => matchesTerm(term, node.metadata.labels, node.metadata.name))) return [];
  return [{ kind: 'affinity', wanted: terms.map(termText).join(', or ') || 'nothing at all' }];
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
