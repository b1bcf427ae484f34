/** Taints of nodes, and pods that tolerate them. */
import type { Taint, Toleration } from '../types/core.v1.ts';

/** core/v1 Toleration: an empty key with Exists tolerates everything, an empty effect every effect. */
export function tolerates({ key, operator, value, effect }: Toleration, taint: Taint): boolean {
  if (effect && effect !== taint.effect) return false;
  if (key && key !== taint.key) return false;
  if (operator === 'Exists') return true;
  return Boolean(key) && (value ?? '') === (taint.value ?? '');
}

export function isTolerated(taint: Taint, tolerations: readonly Toleration[] = []): boolean {
  return tolerations.some((toleration) => tolerates(toleration, taint));
}

/** The list with `added` in it, in place of one of the same taints. */
export function withToleration(tolerations: readonly Toleration[], added: Toleration): readonly Toleration[] {
  const isAboutTheSame = ({ key, operator, value, effect }: Toleration): boolean =>
    key === added.key &&
    operator === added.operator &&
    (value ?? '') === (added.value ?? '') &&
    effect === added.effect;
  const next = tolerations.map((toleration) => (isAboutTheSame(toleration) ? added : toleration));
  return next.includes(added) ? next : [...next, added];
}
