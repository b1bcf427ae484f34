/** scheduling.k8s.io */
import type { schedulingKinds } from '../../../../api/kinds/scheduling.ts';
import { checkDnsSubdomain } from '../../../../api/machinery/names.ts';
import {
  validateNewPriorityClass,
  validatePriorityClass,
  validatePriorityClassUpdate,
} from '../../../../api/validation/scheduling/priority-class.ts';
import type { StrategiesOf } from '../../strategy.ts';

export const schedulingStrategies: StrategiesOf<typeof schedulingKinds> = {
  priorityclasses: {
    checkName: checkDnsSubdomain,
    applyDefaults(priorityClass) {
      priorityClass.value ??= 0;
      priorityClass.preemptionPolicy ??= 'PreemptLowerPriority';
    },
    validate: validatePriorityClass,
    validateNew: validateNewPriorityClass,
    completeNew({ metadata }) {
      // It has a generation, but nothing in it that could change counts it up.
      metadata.generation = 1;
    },
    validateUpdate: validatePriorityClassUpdate,
  },
};
