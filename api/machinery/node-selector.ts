/** Node selector terms, as node affinity has them. */
import { integerOf } from './requirement.ts';
import type { Labels } from './selectors.ts';
import type { NodeSelectorRequirement, NodeSelectorTerm, PodSpec } from '../types/core.v1.ts';

/** Whether a pod's nodeSelector and required node affinity allow a node. */
export function allowsNode(
  { nodeSelector, affinity }: Pick<PodSpec, 'nodeSelector' | 'affinity'>,
  labels: Labels | undefined,
  name: string | undefined,
): boolean {
  for (const label in nodeSelector) if (labels?.[label] !== nodeSelector[label]) return false;
  const required = affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  return !required || required.nodeSelectorTerms.some((term) => matchesTerm(term, labels, name));
}

/** A term without any expression matches nothing. */
export function matchesTerm(term: NodeSelectorTerm, labels: Labels | undefined, name: string | undefined): boolean {
  const { matchExpressions = [], matchFields = [] } = term;
  if (matchExpressions.length === 0 && matchFields.length === 0) return false;
  return (
    matchExpressions.every((expression) => matchesExpression(expression, labels?.[expression.key])) &&
    matchFields.every((field) => field.key === 'metadata.name' && matchesExpression(field, name))
  );
}

function matchesExpression({ operator, values = [] }: NodeSelectorRequirement, value: string | undefined): boolean {
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
    case 'Lt':
      return compare(operator, integerOf(value), integerOf(values[0]));
    default:
      return false;
  }
}

function compare(operator: 'Gt' | 'Lt', value: bigint | undefined, bound: bigint | undefined): boolean {
  if (value === undefined || bound === undefined) return false;
  return operator === 'Gt' ? value > bound : value < bound;
}
