/** The taints of nodes that are lost or unwell, and the tolerations of them that every pod gets. */
import type { Toleration } from '../types/core.v1.ts';

export const NOT_READY = 'node.kubernetes.io/not-ready';
export const UNREACHABLE = 'node.kubernetes.io/unreachable';
export const NODE_LOSS_TAINTS = [NOT_READY, UNREACHABLE] as const;

const DEFAULT_SECONDS = 300;

/** What a pod gets that says nothing of the taint. */
export function defaultToleration(key: string): Toleration {
  return { key, operator: 'Exists', effect: 'NoExecute', tolerationSeconds: DEFAULT_SECONDS };
}

/** Whether it is what a pod gets that says nothing. */
export function isDefaultToleration({ key, operator, value, effect, tolerationSeconds }: Toleration): boolean {
  return (
    (key === NOT_READY || key === UNREACHABLE) &&
    operator === 'Exists' &&
    !value &&
    effect === 'NoExecute' &&
    tolerationSeconds === DEFAULT_SECONDS
  );
}
