/** resource.k8s.io */
import {
  defaultDeviceClass,
  defaultResourceClaim,
  defaultResourceClaimTemplate,
} from '../../../../api/defaults/resource.ts';
import type { resourceKinds } from '../../../../api/kinds/resource.ts';
import { checkDnsSubdomain } from '../../../../api/machinery/names.ts';
import type { ResourceSliceSpec } from '../../../../api/types/resource.v1.ts';
import { validateResourceClaimStatus } from '../../../../api/validation/resource/claim-status.ts';
import {
  validateResourceClaim,
  validateResourceClaimTemplate,
  validateResourceClaimTemplateUpdate,
  validateResourceClaimUpdate,
} from '../../../../api/validation/resource/claim.ts';
import { validateDeviceClass } from '../../../../api/validation/resource/device-class.ts';
import { validateResourceSlice, validateResourceSliceUpdate } from '../../../../api/validation/resource/slice.ts';
import type { StrategiesOf } from '../../strategy.ts';

export const resourceStrategies: StrategiesOf<typeof resourceKinds> = {
  deviceclasses: {
    checkName: checkDnsSubdomain,
    generation: true,
    applyDefaults: defaultDeviceClass,
    validate: validateDeviceClass,
  },
  resourceclaims: {
    checkName: checkDnsSubdomain,
    applyDefaults: defaultResourceClaim,
    prepareForCreate(claim) {
      claim.status = {};
    },
    validate: validateResourceClaim,
    validateUpdate: validateResourceClaimUpdate,
    validatesUpdateAlone: true,
    validateStatusUpdate: validateResourceClaimStatus,
  },
  resourceclaimtemplates: {
    checkName: checkDnsSubdomain,
    applyDefaults: defaultResourceClaimTemplate,
    validate: validateResourceClaimTemplate,
    validateUpdate: validateResourceClaimTemplateUpdate,
    validatesUpdateAlone: true,
  },
  resourceslices: {
    checkName: checkDnsSubdomain,
    generation: true,
    applyDefaults(slice) {
      slice.spec ??= {} as ResourceSliceSpec;
    },
    validate: validateResourceSlice,
    validateUpdate: validateResourceSliceUpdate,
  },
};
