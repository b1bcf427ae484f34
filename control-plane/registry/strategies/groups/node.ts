/** node.k8s.io */
import type { nodeKinds } from '../../../../api/kinds/node.ts';
import { checkDnsSubdomain } from '../../../../api/machinery/names.ts';
import { validateRuntimeClass, validateRuntimeClassUpdate } from '../../../../api/validation/node/runtime-class.ts';
import { warnOfRuntimeClass } from '../../../../api/validation/warnings.ts';
import type { StrategiesOf } from '../../strategy.ts';

export const nodeStrategies: StrategiesOf<typeof nodeKinds> = {
  runtimeclasses: {
    checkName: checkDnsSubdomain,
    unconditionalUpdate: false,
    createOnUpdate: true,
    applyDefaults() {},
    validate: validateRuntimeClass,
    validateUpdate: validateRuntimeClassUpdate,
    warnings: warnOfRuntimeClass,
  },
};
