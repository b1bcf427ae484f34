/** Defaults of disruption budgets. */
import type { PodDisruptionBudget } from '../types/policy.v1.ts';

export function defaultDisruptionBudget(budget: PodDisruptionBudget): void {
  budget.spec ??= {};
  budget.status ??= { disruptionsAllowed: 0, currentHealthy: 0, desiredHealthy: 0, expectedPods: 0 };
}
