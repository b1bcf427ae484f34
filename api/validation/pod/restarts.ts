/** When a single container is restarted, and whether a change of its resources restarts it. */
import type { Container, ContainerResizePolicy, ContainerRestartRule } from '../../types/core.v1.ts';
import type { FieldErrors } from '../field-errors.ts';

const POLICIES = ['Always', 'Never', 'OnFailure'];
const OPERATORS = ['In', 'NotIn'];
const MAX_RULES = 20;
const MAX_EXIT_CODES = 255;
const RESIZABLE = ['cpu', 'memory'];
const RESIZE_POLICIES = ['NotRequired', 'RestartContainer'];

/** An init container that always restarts runs on beside the others. */
export function isSidecar({ restartPolicy }: Container): boolean {
  return restartPolicy === 'Always';
}

export function validateContainerRestarts(
  errors: FieldErrors,
  container: Container,
  isInit: boolean,
  path: string,
): void {
  const { restartPolicy: policy, restartPolicyRules: rules = [] } = container;
  if (policy === undefined && rules.length > 0) {
    errors.required(`${path}.restartPolicy`, 'must specify restartPolicy when restart rules are used');
  } else if (policy !== undefined && !POLICIES.includes(policy)) {
    errors.notSupported(`${path}.restartPolicy`, policy, POLICIES);
  }
  if (isInit && isSidecar(container) && rules.length > 0) {
    const detail = 'restartPolicyRules are not allowed for init containers with restart policy Always';
    errors.forbidden(`${path}.restartPolicyRules`, detail);
    return;
  }
  if (rules.length > MAX_RULES) errors.tooLong(`${path}.restartPolicyRules`, MAX_RULES);
  rules.forEach((rule, index) => validateRule(errors, rule, `${path}.restartPolicyRules[${index}]`));
}

function validateRule(errors: FieldErrors, { action = '', exitCodes }: ContainerRestartRule, path: string): void {
  if (action !== 'Restart') errors.notSupported(`${path}.action`, action, ['Restart']);
  if (!exitCodes) {
    errors.required(`${path}.exitCodes`, 'must be specified');
    return;
  }
  const { operator = '', values = [] } = exitCodes;
  if (!OPERATORS.includes(operator)) errors.notSupported(`${path}.exitCodes.operator`, operator, OPERATORS);
  if (values.length > MAX_EXIT_CODES) errors.tooLong(`${path}.exitCodes.values`, MAX_EXIT_CODES);
}

export function validateResizePolicy(
  errors: FieldErrors,
  policies: readonly ContainerResizePolicy[] | undefined,
  podRestartPolicy: string | undefined,
  path: string,
): void {
  const resources = new Set<string>();
  policies?.forEach(({ resourceName, restartPolicy }, index) => {
    if (resources.has(resourceName)) errors.duplicate(`${path}[${index}]`, resourceName);
    resources.add(resourceName);
    errors.oneOf(path, resourceName, RESIZABLE);
    errors.oneOf(path, restartPolicy, RESIZE_POLICIES);
    if (podRestartPolicy === 'Never' && restartPolicy !== 'NotRequired') {
      errors.invalid(path, restartPolicy ?? '', "must be 'NotRequired' when `restartPolicy` is 'Never'");
    }
  });
}
