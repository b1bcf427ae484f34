/** Disruption budgets. */
import { defaultDisruptionBudget } from '../../../api/defaults/policy.ts';
import { checkDnsSubdomain } from '../../../api/machinery/names.ts';
import type { PodDisruptionBudget } from '../../../api/types/policy.v1.ts';
import { validateDisruptionBudget, validateDisruptionBudgetStatus } from '../../../api/validation/policy.ts';
import type { Strategy } from '../strategy.ts';

export const disruptionBudgetStrategy: Strategy<PodDisruptionBudget> = {
  checkName: checkDnsSubdomain,
  applyDefaults: defaultDisruptionBudget,
  generation: true,
  unconditionalUpdate: false,
  prepareForCreate(budget) {
    budget.status = { disruptionsAllowed: 0, currentHealthy: 0, desiredHealthy: 0, expectedPods: 0 };
  },
  validate: validateDisruptionBudget,
  validateStatusUpdate: validateDisruptionBudgetStatus,
};
