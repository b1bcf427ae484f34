/** ValidatingWebhookConfiguration and MutatingWebhookConfiguration. */
import type { FieldError } from '../../errors.ts';
import { checkDns1035Label, checkDnsSubdomain } from '../../machinery/names.ts';
import type {
  MutatingWebhook,
  MutatingWebhookConfiguration,
  ValidatingWebhook,
  ValidatingWebhookConfiguration,
} from '../../types/admissionregistration.v1.ts';
import { FieldErrors } from '../field-errors.ts';
import { validateLabelSelector } from '../selectors.ts';
import { validateMatchConditions } from './match-conditions.ts';
import { validateRule } from './rules.ts';
import { validateClientConfig } from './webhook-client.ts';

export const FAILURE_POLICIES = ['Fail', 'Ignore'];
export const MATCH_POLICIES = ['Equivalent', 'Exact'];
const SIDE_EFFECTS = ['None', 'NoneOnDryRun'];
const REINVOCATION_POLICIES = ['IfNeeded', 'Never'];
const REVIEW_VERSIONS = ['v1', 'v1beta1'];
const MAX_TIMEOUT_SECONDS = 30;

type Webhook = ValidatingWebhook | MutatingWebhook;
type Configuration = ValidatingWebhookConfiguration | MutatingWebhookConfiguration;

export function validateWebhookConfiguration({ webhooks }: Configuration): FieldError[] {
  const errors = new FieldErrors();
  const names = new Set<string>();
  webhooks?.forEach((webhook, index) => {
    const path = `webhooks[${index}]`;
    validateWebhook(errors, webhook, path);
    validateVersions(errors, webhook.admissionReviewVersions ?? [], `${path}.admissionReviewVersions`);
    if (webhook.name && names.has(webhook.name)) errors.duplicate(`${path}.name`, webhook.name);
    names.add(webhook.name);
  });
  return errors.list;
}

function validateWebhook(errors: FieldErrors, webhook: Webhook, path: string): void {
  validateName(errors, webhook.name ?? '', `${path}.name`);
  webhook.rules?.forEach((rule, index) => validateRule(errors, rule, `${path}.rules[${index}]`));
  const { failurePolicy, matchPolicy, sideEffects, timeoutSeconds = 1 } = webhook;
  oneOf(errors, `${path}.failurePolicy`, failurePolicy, FAILURE_POLICIES);
  oneOf(errors, `${path}.matchPolicy`, matchPolicy, MATCH_POLICIES);
  if (sideEffects === undefined) {
    errors.required(`${path}.sideEffects`, `must specify one of ${SIDE_EFFECTS.join(', ')}`);
  } else oneOf(errors, `${path}.sideEffects`, sideEffects, SIDE_EFFECTS);
  if (timeoutSeconds > MAX_TIMEOUT_SECONDS || timeoutSeconds < 1) {
    const detail = `the timeout value must be between 1 and ${MAX_TIMEOUT_SECONDS} seconds`;
    errors.invalid(`${path}.timeoutSeconds`, timeoutSeconds, detail);
  }
  validateLabelSelector(errors, webhook.namespaceSelector, `${path}.namespaceSelector`);
  validateLabelSelector(errors, webhook.objectSelector, `${path}.objectSelector`);
  if ('reinvocationPolicy' in webhook) {
    oneOf(errors, `${path}.reinvocationPolicy`, webhook.reinvocationPolicy, REINVOCATION_POLICIES);
  }
  validateClientConfig(errors, webhook.clientConfig ?? {}, `${path}.clientConfig`);
  validateMatchConditions(errors, webhook.matchConditions, `${path}.matchConditions`, false);
}

function oneOf(errors: FieldErrors, path: string, value: string | undefined, supported: readonly string[]): void {
  if (value !== undefined && !supported.includes(value)) errors.notSupported(path, value, supported);
}

function validateName(errors: FieldErrors, name: string, path: string): void {
  if (name === '') return errors.required(path);
  const wrong = checkDnsSubdomain(name);
  if (wrong.length > 0) errors.invalid(path, name, wrong.join(','));
  else if (name.split('.').length < 3) {
    errors.invalid(path, name, 'should be a domain with at least three segments separated by dots');
  }
}

function validateVersions(errors: FieldErrors, versions: readonly string[], path: string): void {
  if (versions.length === 0) return errors.required(path, `must specify one of ${REVIEW_VERSIONS.join(', ')}`);
  const seen = new Set<string>();
  versions.forEach((version, index) => {
    const at = `${path}[${index}]`;
    if (seen.has(version)) return errors.invalid(at, version, 'duplicate version');
    seen.add(version);
    errors.invalidEach(at, version, checkDns1035Label(version));
  });
  if (!versions.some((version) => REVIEW_VERSIONS.includes(version))) {
    errors.invalid(path, versions, `must include at least one of ${REVIEW_VERSIONS.join(', ')}`);
  }
}
