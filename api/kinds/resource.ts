/** resource.k8s.io */
import type { DeviceClass, ResourceClaim, ResourceClaimTemplate, ResourceSlice } from '../types/resource.v1.ts';
import { kind } from './kind.ts';

const GROUP = 'resource.k8s.io';
const TYPES = 'io.k8s.api.resource.v1';

export const resourceKinds = {
  deviceclasses: kind<DeviceClass>({
    group: GROUP,
    kind: 'DeviceClass',
    plural: 'deviceclasses',
    namespaced: false,
    schema: `${TYPES}.DeviceClass`,
  }),
  resourceclaims: kind<ResourceClaim>({
    group: GROUP,
    kind: 'ResourceClaim',
    plural: 'resourceclaims',
    status: true,
    schema: `${TYPES}.ResourceClaim`,
  }),
  resourceclaimtemplates: kind<ResourceClaimTemplate>({
    group: GROUP,
    kind: 'ResourceClaimTemplate',
    plural: 'resourceclaimtemplates',
    schema: `${TYPES}.ResourceClaimTemplate`,
  }),
  resourceslices: kind<ResourceSlice>({
    group: GROUP,
    kind: 'ResourceSlice',
    plural: 'resourceslices',
    namespaced: false,
    schema: `${TYPES}.ResourceSlice`,
  }),
};
