/** policy */
import type { policyKinds } from '../../kinds/policy.ts';
import type { ColumnsOf } from '../columns.ts';
import { disruptionBudgetColumns } from '../policy.ts';

export const policyColumns: ColumnsOf<typeof policyKinds> = {
  poddisruptionbudgets: disruptionBudgetColumns,
};
