/** policy */
import type { policyKinds } from '../../../../api/kinds/policy.ts';
import type { StrategiesOf } from '../../strategy.ts';
import { disruptionBudgetStrategy } from '../policy.ts';

export const policyStrategies: StrategiesOf<typeof policyKinds> = {
  poddisruptionbudgets: disruptionBudgetStrategy,
};
