/** Pods of one controller are better off on different nodes, whatever they ask for. */
import type { ScorePlugin } from '../framework.ts';

export const fewerReplicas: ScorePlugin = {
  name: 'FewerReplicas',
  scope: 'node',
  weight: 2,
  prepare({ owner }, snapshot) {
    if (owner === '') return undefined;
    return (row) => 100 / (1 + (snapshot.owners[row]?.get(owner) ?? 0));
  },
};
