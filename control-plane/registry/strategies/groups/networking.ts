/** networking.k8s.io */
import {
  defaultIngress,
  defaultIngressClass,
  defaultIngressStatus,
  defaultIPAddress,
  defaultNetworkPolicy,
  defaultServiceCidr,
} from '../../../../api/defaults/networking.ts';
import type { networkingKinds } from '../../../../api/kinds/networking.ts';
import { checkDnsSubdomain } from '../../../../api/machinery/names.ts';
import { checkCanonicalIP } from '../../../../api/validation/addresses.ts';
import {
  validateIngressClass,
  validateIngressClassUpdate,
} from '../../../../api/validation/networking/ingress-class.ts';
import {
  validateIngress,
  validateIngressStatus,
  validateNewIngress,
} from '../../../../api/validation/networking/ingress.ts';
import { validateNetworkPolicy } from '../../../../api/validation/networking/network-policy.ts';
import {
  validateIPAddress,
  validateIPAddressUpdate,
  validateServiceCidr,
  validateServiceCidrUpdate,
} from '../../../../api/validation/networking/service-cidr.ts';
import { warnOfIngress, warnOfNetworkPolicy } from '../../../../api/validation/warnings.ts';
import type { StrategiesOf } from '../../strategy.ts';

export const networkingStrategies: StrategiesOf<typeof networkingKinds> = {
  ingresses: {
    checkName: checkDnsSubdomain,
    generation: true,
    applyDefaults: defaultIngress,
    prepareForCreate(ingress) {
      ingress.status = { loadBalancer: {} };
    },
    validate: validateIngress,
    warnings: warnOfIngress,
    validateNew: validateNewIngress,
    prepareForStatusUpdate: (next) => {
      next.status = { ...next.status };
      defaultIngressStatus(next);
    },
    validateStatusUpdate: validateIngressStatus,
  },
  ingressclasses: {
    checkName: checkDnsSubdomain,
    generation: true,
    applyDefaults(ingressClass) {
      ingressClass.spec ??= {};
      defaultIngressClass(ingressClass);
    },
    validate: validateIngressClass,
    validateUpdate: validateIngressClassUpdate,
  },
  networkpolicies: {
    checkName: checkDnsSubdomain,
    generation: true,
    applyDefaults: defaultNetworkPolicy,
    validate: validateNetworkPolicy,
    warnings: warnOfNetworkPolicy,
  },
  ipaddresses: {
    checkName: checkCanonicalIP,
    applyDefaults: defaultIPAddress,
    validate: validateIPAddress,
    validateUpdate: validateIPAddressUpdate,
    validatesUpdateAlone: true,
  },
  servicecidrs: {
    checkName: checkDnsSubdomain,
    applyDefaults: defaultServiceCidr,
    prepareForCreate(range) {
      range.status = {};
    },
    validate: validateServiceCidr,
    validateUpdate: validateServiceCidrUpdate,
    validatesUpdateAlone: true,
  },
};
