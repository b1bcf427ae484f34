import type { admissionKinds } from '../../kinds/admissionregistration.ts';
import { policyBindingColumns, policyColumns, webhookColumns } from '../admissionregistration.ts';
import type { ColumnsOf } from '../columns.ts';

export const admissionColumns: ColumnsOf<typeof admissionKinds> = {
  mutatingwebhookconfigurations: webhookColumns,
  validatingadmissionpolicies: policyColumns,
  validatingadmissionpolicybindings: policyBindingColumns,
  validatingwebhookconfigurations: webhookColumns,
};
