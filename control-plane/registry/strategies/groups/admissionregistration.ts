/** admissionregistration.k8s.io */
import type { admissionKinds } from '../../../../api/kinds/admissionregistration.ts';
import type { StrategiesOf } from '../../strategy.ts';
import {
  mutatingWebhookStrategy,
  policyBindingStrategy,
  policyStrategy,
  validatingWebhookStrategy,
} from '../admissionregistration.ts';

export const admissionStrategies: StrategiesOf<typeof admissionKinds> = {
  mutatingwebhookconfigurations: mutatingWebhookStrategy,
  validatingadmissionpolicies: policyStrategy,
  validatingadmissionpolicybindings: policyBindingStrategy,
  validatingwebhookconfigurations: validatingWebhookStrategy,
};
