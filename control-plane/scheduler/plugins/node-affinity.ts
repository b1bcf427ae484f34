/** nodeSelector and node affinity, required and preferred. */
import { allowsNode, matchesTerm } from '../../../api/machinery/node-selector.ts';
import type { FilterPlugin, Refusal, ScorePlugin } from '../framework.ts';
import type { PodInfo } from '../pod-info.ts';
import type { Snapshot } from '../snapshot.ts';

const REFUSAL: Refusal = { reasons: ["node(s) didn't match Pod's node affinity/selector"], isFinal: true };

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
  if (!nodeSelector && !affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution) return undefined;
  return (row) => allowsNode(pod.spec, snapshot.labels[row], snapshot.names[row]);
}
