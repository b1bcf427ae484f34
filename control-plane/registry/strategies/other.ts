/** Kinds whose own rules are their defaults and their validation. */
import { sameJson } from '../../../api/machinery/json.ts';
import { defaultEndpointSlice, defaultLease, defaultNode, defaultSecret } from '../../../api/defaults/other.ts';
import { checkDnsSubdomain } from '../../../api/machinery/names.ts';
import type { Lease } from '../../../api/types/coordination.v1.ts';
import type { ConfigMap, Node, Secret, ServiceAccount } from '../../../api/types/core.v1.ts';
import type { EndpointSlice } from '../../../api/types/discovery.v1.ts';
import { warnOfEndpointSlice, warnOfNode } from '../../../api/validation/address-warnings.ts';
import { validateLease, validateNode, validateNodeUpdate } from '../../../api/validation/cluster.ts';
import {
  validateConfigMap,
  validateConfigMapUpdate,
  validateSecret,
  validateSecretUpdate,
  validateServiceAccount,
} from '../../../api/validation/config.ts';
import { validateEndpointSlice, validateEndpointSliceUpdate } from '../../../api/validation/endpointslice.ts';
import { warnOfServiceAccount } from '../../../api/validation/warnings.ts';
import type { Strategy } from '../strategy.ts';

export const nodeStrategy: Strategy<Node> = {
  warnings: warnOfNode,
  checkName: checkDnsSubdomain,
  applyDefaults(node) {
    defaultNode(node);
    const { spec } = node;
    if (spec.podCIDR && !spec.podCIDRs?.length) spec.podCIDRs = [spec.podCIDR];
    if (!spec.podCIDR && spec.podCIDRs?.[0]) spec.podCIDR = spec.podCIDRs[0];
  },
  validate: validateNode,
  validateUpdate: validateNodeUpdate,
  validatesUpdateAlone: true,
  validateStatusUpdate: validateNodeUpdate,
};

export const configMapStrategy: Strategy<ConfigMap> = {
  checkName: checkDnsSubdomain,
  applyDefaults() {},
  validate: validateConfigMap,
  validateUpdate: validateConfigMapUpdate,
};

export const secretStrategy: Strategy<Secret> = {
  checkName: checkDnsSubdomain,
  applyDefaults: defaultSecret,
  prepareForUpdate(next, previous) {
    // A client that leaves the type out does not change it; `Opaque` is what defaulting made of nothing.
    if (next.type === 'Opaque' && previous.type !== undefined && previous.type !== '') next.type = previous.type;
  },
  validate: validateSecret,
  validateUpdate: validateSecretUpdate,
};

export const serviceAccountStrategy: Strategy<ServiceAccount> = {
  warnings: warnOfServiceAccount,
  checkName: checkDnsSubdomain,
  applyDefaults() {},
  validate: validateServiceAccount,
};

export const leaseStrategy: Strategy<Lease> = {
  checkName: checkDnsSubdomain,
  createOnUpdate: true,
  unconditionalUpdate: false,
  applyDefaults: defaultLease,
  validate: validateLease,
};

export const endpointSliceStrategy: Strategy<EndpointSlice> = {
  checkName: checkDnsSubdomain,
  generation: true,
  bumpsGeneration: (next, previous) => !sameJson(next.metadata.labels ?? {}, previous.metadata.labels ?? {}),
  applyDefaults: defaultEndpointSlice,
  validate: validateEndpointSlice,
  validateUpdate: validateEndpointSliceUpdate,
  validatesUpdateAlone: true,
  warnings: warnOfEndpointSlice,
};
