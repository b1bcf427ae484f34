/** What webhook configurations and admission policies leave out. */
import type {
  MatchResources,
  MutatingWebhook,
  MutatingWebhookConfiguration,
  Rule,
  ValidatingAdmissionPolicy,
  ValidatingAdmissionPolicyBinding,
  ValidatingWebhook,
  ValidatingWebhookConfiguration,
} from '../types/admissionregistration.v1.ts';

const TIMEOUT_SECONDS = 10;
const HTTPS_PORT = 443;

export function defaultValidatingWebhooks({ webhooks }: ValidatingWebhookConfiguration): void {
  for (const webhook of webhooks ?? []) defaultWebhook(webhook);
}

export function defaultMutatingWebhooks({ webhooks }: MutatingWebhookConfiguration): void {
  for (const webhook of webhooks ?? []) {
    defaultWebhook(webhook);
    webhook.reinvocationPolicy ??= 'Never';
  }
}

function defaultWebhook(webhook: ValidatingWebhook | MutatingWebhook): void {
  webhook.failurePolicy ??= 'Fail';
  webhook.matchPolicy ??= 'Equivalent';
  webhook.namespaceSelector ??= {};
  webhook.objectSelector ??= {};
  webhook.timeoutSeconds ??= TIMEOUT_SECONDS;
  defaultRules(webhook.rules);
  const service = webhook.clientConfig?.service;
  if (service) service.port ??= HTTPS_PORT;
}

function defaultRules(rules: Rule[] | undefined): void {
  for (const rule of rules ?? []) rule.scope ??= '*';
}

export function defaultPolicy(policy: ValidatingAdmissionPolicy): void {
  policy.spec ??= {};
  policy.spec.failurePolicy ??= 'Fail';
  policy.status ??= {};
  defaultMatch(policy.spec.matchConstraints);
}

export function defaultPolicyBinding(binding: ValidatingAdmissionPolicyBinding): void {
  binding.spec ??= {};
  defaultMatch(binding.spec.matchResources);
}

function defaultMatch(match: MatchResources | undefined): void {
  if (!match) return;
  match.matchPolicy ??= 'Equivalent';
  match.namespaceSelector ??= {};
  match.objectSelector ??= {};
  defaultRules(match.resourceRules);
  defaultRules(match.excludeResourceRules);
}
