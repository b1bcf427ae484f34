/** admissionregistration.k8s.io */
import type {
  MutatingWebhookConfiguration,
  ValidatingAdmissionPolicy,
  ValidatingAdmissionPolicyBinding,
  ValidatingWebhookConfiguration,
} from '../types/admissionregistration.v1.ts';
import { kind, type Row } from './kind.ts';

export const ADMISSION_GROUP = 'admissionregistration.k8s.io';

function row(name: string, plural: string, status = false): Row {
  const schema = `io.k8s.api.admissionregistration.v1.${name}`;
  return {
    group: ADMISSION_GROUP,
    kind: name,
    plural,
    namespaced: false,
    status,
    categories: ['api-extensions'],
    schema,
  };
}

export const admissionKinds = {
  mutatingwebhookconfigurations: kind<MutatingWebhookConfiguration>(
    row('MutatingWebhookConfiguration', 'mutatingwebhookconfigurations'),
  ),
  validatingadmissionpolicies: kind<ValidatingAdmissionPolicy>(
    row('ValidatingAdmissionPolicy', 'validatingadmissionpolicies', true),
  ),
  validatingadmissionpolicybindings: kind<ValidatingAdmissionPolicyBinding>(
    row('ValidatingAdmissionPolicyBinding', 'validatingadmissionpolicybindings'),
  ),
  validatingwebhookconfigurations: kind<ValidatingWebhookConfiguration>(
    row('ValidatingWebhookConfiguration', 'validatingwebhookconfigurations'),
  ),
};
