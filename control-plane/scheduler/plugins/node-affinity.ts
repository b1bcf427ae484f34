/** nodeSelector and node affinity, required and preferred. */
import { integerOf } from '../../../api/machinery/requirement.ts';
import type { Labels } from '../../../api/machinery/selectors.ts';
import type { NodeSelectorRequirement, NodeSelectorTerm } from '../../../api/schema/types/core.v1.ts';
import type { FilterPlugin, ScorePlugin } from '../framework.ts';
import type { PodInfo } from '../pod-info.ts';
import type { Snapshot } from '../snapshot.ts';

const REFUSAL = "node(s) didn't match Pod's node affinity/selector";

export const nodeAffinity: FilterPlugin = {
  name: 'NodeAffinity',
  scope: 'static',
  helpedBy: ['node added', 'node labels'],
  prepare(info, snapshot) {
    const matches = requiredNodes(info, snapshot);
    return matches && ((row) => (matches(row) ? undefined : REFUSAL));
  },
};

export const preferredNodes: ScorePlugin = {
  name: 'NodeAffinityPreferred',
  scope: 'static',
  weight: 2,
  prepare(info, snapshot) {
    const preferred = info.pod.spec.affinity?.nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [];
    if (preferred.length === 0) return undefined;
    const sum = (row: number): number =>
      preferred
        .filter(({ preference }) => matchesTerm(preference, snapshot.labels[row], snapshot.names[row]))
        .reduce((total, { weight }) => total + weight, 0);
    const most = Math.max(1, ...[...snapshot.all()].map(sum));
    return (row) => (100 * sum(row)) / most;
  },
};

/** Whether the node is one that the pod's selector and required affinity allow; undefined when they allow all. */
export function requiredNodes({ pod }: PodInfo, snapshot: Snapshot): ((row: number) => boolean) | undefined {
  const { nodeSelector, affinity } = pod.spec;
  const required = affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  if (!nodeSelector && !required) return undefined;
  const wanted = Object.entries(nodeSelector ?? {});
  return (row) => {
    const labels = snapshot.labels[row];
    if (!wanted.every(([key, value]) => labels?.[key] === value)) return false;
    return !required || required.nodeSelectorTerms.some((term) => matchesTerm(term, labels, snapshot.names[row]));
  };
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
