/** Columns of webhook configurations and admission policies. */
import type {
  MutatingWebhookConfiguration,
  ValidatingAdmissionPolicy,
  ValidatingAdmissionPolicyBinding,
  ValidatingWebhookConfiguration,
} from '../types/admissionregistration.v1.ts';
import { ageColumn, type Column, nameColumn } from './columns.ts';

const UNSET = '<unset>';

type Configuration = ValidatingWebhookConfiguration | MutatingWebhookConfiguration;

export const webhookColumns: readonly Column<Configuration>[] = [
  nameColumn,
  {
    name: 'Webhooks',
    type: 'integer',
    description: 'How many webhooks it configures.',
    cell: ({ webhooks }) => webhooks?.length ?? 0,
  },
  ageColumn,
];

export const policyColumns: readonly Column<ValidatingAdmissionPolicy>[] = [
  nameColumn,
  {
    name: 'Validations',
    type: 'integer',
    description: 'How many validations it has.',
    cell: ({ spec }) => spec.validations?.length ?? 0,
  },
  {
    name: 'ParamKind',
    description: 'The kind of the objects that its expressions are given as parameters.',
    cell: ({ spec: { paramKind } }) => (paramKind ? `${paramKind.apiVersion}/${paramKind.kind}` : UNSET),
  },
  ageColumn,
];

export const policyBindingColumns: readonly Column<ValidatingAdmissionPolicyBinding>[] = [
  nameColumn,
  {
    name: 'PolicyName',
    description: 'The policy that it puts into effect.',
    cell: ({ spec }) => spec.policyName ?? '',
  },
  {
    name: 'ParamRef',
    description: 'The objects that the policy is given as parameters.',
    cell: ({ spec: { paramRef } }) => {
      if (!paramRef) return UNSET;
      if (!paramRef.name) return '*';
      return paramRef.namespace ? `${paramRef.namespace}/${paramRef.name}` : paramRef.name;
    },
  },
  ageColumn,
];
