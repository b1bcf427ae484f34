/** PodDisruptionBudget. */
import type { FieldError } from '../errors.ts';
import type { PodDisruptionBudget } from '../types/policy.v1.ts';
import { validateAmount, validateShare } from './amounts.ts';
import { validateConditions } from './conditions.ts';
import { FieldErrors } from './field-errors.ts';
import { validateLabelSelector } from './selectors.ts';

const POLICIES = ['AlwaysAllow', 'IfHealthyBudget'];

export function validateDisruptionBudget({ spec }: PodDisruptionBudget): FieldError[] {
  const errors = new FieldErrors();
  const { minAvailable, maxUnavailable, unhealthyPodEvictionPolicy: policy } = spec;
  if (minAvailable !== undefined && maxUnavailable !== undefined) {
    errors.invalid('spec', spec, 'minAvailable and maxUnavailable cannot be both set');
  }
  for (const field of ['minAvailable', 'maxUnavailable'] as const) {
    const amount = spec[field];
    if (amount === undefined) continue;
    validateAmount(errors, amount, `spec.${field}`);
    validateShare(errors, amount, `spec.${field}`);
  }
  validateLabelSelector(errors, spec.selector, 'spec.selector');
  if (policy !== undefined && !POLICIES.includes(policy)) {
    errors.notSupported('spec.unhealthyPodEvictionPolicy', policy, POLICIES);
  }
  return errors.list;
}

export function validateDisruptionBudgetStatus({ status }: PodDisruptionBudget): FieldError[] {
  const errors = new FieldErrors();
  validateConditions(errors, status.conditions ?? [], 'status.conditions');
  for (const field of ['disruptionsAllowed', 'currentHealthy', 'desiredHealthy', 'expectedPods'] as const) {
    errors.notNegative(`status.${field}`, status[field]);
  }
  return errors.list;
}
