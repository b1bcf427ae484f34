/** flowcontrol.apiserver.k8s.io */
import { defaultFlowSchema, defaultPriorityLevel } from '../../../../api/defaults/flowcontrol.ts';
import type { flowcontrolKinds } from '../../../../api/kinds/flowcontrol.ts';
import { checkDnsSubdomain } from '../../../../api/machinery/names.ts';
import { validateFlowSchema } from '../../../../api/validation/flowcontrol/flow-schema.ts';
import { validatePriorityLevel } from '../../../../api/validation/flowcontrol/priority-level.ts';
import type { StrategiesOf } from '../../strategy.ts';

export const flowcontrolStrategies: StrategiesOf<typeof flowcontrolKinds> = {
  flowschemas: {
    checkName: checkDnsSubdomain,
    generation: true,
    applyDefaults: defaultFlowSchema,
    prepareForCreate(schema) {
      schema.status = {};
    },
    validate: validateFlowSchema,
    validateStatusUpdate: validateFlowSchema,
  },
  prioritylevelconfigurations: {
    checkName: checkDnsSubdomain,
    generation: true,
    applyDefaults: defaultPriorityLevel,
    prepareForCreate(level) {
      level.status = {};
    },
    validate: validatePriorityLevel,
    validateStatusUpdate: validatePriorityLevel,
  },
};
