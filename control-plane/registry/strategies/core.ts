/** Kinds of the core group whose own rules are their defaults, their validation and what a new one begins with. */
import {
  defaultEndpoints,
  defaultLimitRange,
  defaultPodTemplateObject,
  defaultReplicationController,
  defaultResourceQuota,
} from '../../../api/defaults/core.ts';
import { checkDnsSubdomain } from '../../../api/machinery/names.ts';
import type {
  Endpoints,
  LimitRange,
  PodTemplate,
  ReplicationController,
  ResourceQuota,
} from '../../../api/types/core.v1.ts';
import { validateEndpoints, validateEndpointsUpdate } from '../../../api/validation/core/endpoints.ts';
import { validateLimitRange } from '../../../api/validation/core/limitrange.ts';
import {
  validatePodTemplateObject,
  validateReplicationController,
  validateReplicationControllerStatus,
} from '../../../api/validation/core/replicationcontroller.ts';
import {
  validateResourceQuota,
  validateResourceQuotaStatus,
  validateResourceQuotaUpdate,
} from '../../../api/validation/core/resourcequota.ts';
import { warnOfEndpoints } from '../../../api/validation/address-warnings.ts';
import { warnOfQuota, warnOfWorkload } from '../../../api/validation/warnings.ts';
import type { Strategy } from '../strategy.ts';

export const replicationControllerStrategy: Strategy<ReplicationController> = {
  checkName: checkDnsSubdomain,
  applyDefaults: defaultReplicationController,
  generation: true,
  defaultPropagation: 'Orphan',
  prepareForCreate(controller) {
    controller.status = { replicas: 0 };
  },
  validate: validateReplicationController,
  validateStatusUpdate: validateReplicationControllerStatus,
  warnings: warnOfWorkload,
};

export const podTemplateStrategy: Strategy<PodTemplate> = {
  checkName: checkDnsSubdomain,
  applyDefaults: defaultPodTemplateObject,
  generation: true,
  validate: validatePodTemplateObject,
};

export const endpointsStrategy: Strategy<Endpoints> = {
  checkName: checkDnsSubdomain,
  createOnUpdate: true,
  applyDefaults: defaultEndpoints,
  validate: validateEndpoints,
  validateUpdate: validateEndpointsUpdate,
  warnings: warnOfEndpoints,
  validatesUpdateAlone: true,
};

export const limitRangeStrategy: Strategy<LimitRange> = {
  checkName: checkDnsSubdomain,
  createOnUpdate: true,
  applyDefaults: defaultLimitRange,
  validate: validateLimitRange,
};

export const resourceQuotaStrategy: Strategy<ResourceQuota> = {
  checkName: checkDnsSubdomain,
  applyDefaults: defaultResourceQuota,
  prepareForCreate(quota) {
    quota.status = {};
  },
  validate: validateResourceQuota,
  validateUpdate: validateResourceQuotaUpdate,
  validateStatusUpdate: validateResourceQuotaStatus,
  warnings: warnOfQuota,
};
