/** Webhook configurations and admission policies. */
import {
  defaultMutatingWebhooks,
  defaultPolicy,
  defaultPolicyBinding,
  defaultValidatingWebhooks,
} from '../../../api/defaults/admissionregistration.ts';
import { checkDnsSubdomain } from '../../../api/machinery/names.ts';
import type {
  MutatingWebhookConfiguration,
  ValidatingAdmissionPolicy,
  ValidatingAdmissionPolicyBinding,
  ValidatingWebhookConfiguration,
} from '../../../api/types/admissionregistration.v1.ts';
import { validatePolicy, validatePolicyBinding } from '../../../api/validation/admission/policies.ts';
import { validateWebhookConfiguration } from '../../../api/validation/admission/webhooks.ts';
import type { Strategy } from '../strategy.ts';

export const validatingWebhookStrategy: Strategy<ValidatingWebhookConfiguration> = {
  checkName: checkDnsSubdomain,
  generation: true,
  unconditionalUpdate: false,
  applyDefaults: defaultValidatingWebhooks,
  validate: validateWebhookConfiguration,
};

export const mutatingWebhookStrategy: Strategy<MutatingWebhookConfiguration> = {
  checkName: checkDnsSubdomain,
  generation: true,
  unconditionalUpdate: false,
  applyDefaults: defaultMutatingWebhooks,
  validate: validateWebhookConfiguration,
};

export const policyStrategy: Strategy<ValidatingAdmissionPolicy> = {
  checkName: checkDnsSubdomain,
  generation: true,
  unconditionalUpdate: false,
  applyDefaults: defaultPolicy,
  prepareForCreate(policy) {
    policy.status = {};
  },
  validate: validatePolicy,
};

export const policyBindingStrategy: Strategy<ValidatingAdmissionPolicyBinding> = {
  checkName: checkDnsSubdomain,
  generation: true,
  unconditionalUpdate: false,
  applyDefaults: defaultPolicyBinding,
  validate: validatePolicyBinding,
};
