/** apiregistration.k8s.io */
import type { apiregistrationKinds } from '../../../../api/kinds/apiregistration.ts';
import { checkPathSegment } from '../../../../api/machinery/names.ts';
import type { APIServiceSpec } from '../../../../api/types/apiregistration.v1.ts';
import {
  validateApiService,
  validateApiServiceStatus,
} from '../../../../api/validation/apiregistration/api-service.ts';
import type { StrategiesOf } from '../../strategy.ts';

const HTTPS = 443;

export const apiregistrationStrategies: StrategiesOf<typeof apiregistrationKinds> = {
  apiservices: {
    checkName: checkPathSegment,
    unconditionalUpdate: false,
    applyDefaults(service) {
      service.spec ??= {} as APIServiceSpec;
      service.status ??= {};
      if (service.spec.service) service.spec.service.port ??= HTTPS;
    },
    prepareForCreate(service) {
      service.status = {};
    },
    validate: validateApiService,
    validateStatusUpdate: validateApiServiceStatus,
  },
};
