/** ValidatingAdmissionPolicy and its bindings. */
import {
  admissionEnvironment,
  compileAs,
  compileVariables,
  type Names,
  policyNames,
} from '../../admission/expressions.ts';
import type { Compiled } from '../../cel/program.ts';
import type { FieldError } from '../../errors.ts';
import { checkDns1035Label, checkDnsSubdomain, checkPathSegment, checkQualifiedName } from '../../machinery/names.ts';
import type {
  AuditAnnotation,
  MatchResources,
  ParamKind,
  ParamRef,
  ValidatingAdmissionPolicy,
  ValidatingAdmissionPolicyBinding,
  ValidatingAdmissionPolicySpec,
  Validation,
} from '../../types/admissionregistration.v1.ts';
import { FieldErrors } from '../field-errors.ts';
import { validateLabelSelector } from '../selectors.ts';
import { validateMatchConditions } from './match-conditions.ts';
import { validateNamedRule } from './rules.ts';
import { FAILURE_POLICIES, MATCH_POLICIES } from './webhooks.ts';

const REASONS = ['Forbidden', 'Invalid', 'RequestEntityTooLarge', 'Unauthorized'];
const ACTIONS = ['Audit', 'Deny', 'Warn'];
const NOT_FOUND_ACTIONS = ['Allow', 'Deny'];
const MAX_ANNOTATIONS = 20;
const MAX_VALUE_EXPRESSION = 5 * 1024;
const IDENTIFIER = /^[A-Za-z_]\w*$/;
const NOTHING_TO_DO = 'validations or auditAnnotations must contain at least one item';

export function validatePolicy({ metadata, spec }: ValidatingAdmissionPolicy): FieldError[] {
  const errors = new FieldErrors();
  errors.oneOf('spec.failurePolicy', spec.failurePolicy, FAILURE_POLICIES);
  if (spec.paramKind) validateParamKind(errors, spec.paramKind, 'spec.paramKind');
  if (!spec.matchConstraints) errors.required('spec.matchConstraints');
  else {
    validateMatchResources(errors, spec.matchConstraints, 'spec.matchConstraints');
    if (!spec.matchConstraints.resourceRules?.length) errors.required('spec.matchConstraints.resourceRules');
  }
  validateMatchConditions(errors, spec.matchConditions, 'spec.matchConditions', spec.paramKind !== undefined);
  validateExpressions(errors, metadata.name ?? '', spec);
  return errors.list;
}

function validateExpressions(errors: FieldErrors, policyName: string, spec: ValidatingAdmissionPolicySpec): void {
  const names: Names = { ...policyNames(spec), authorizer: true };
  const { compiled, types } = compileVariables(spec.variables ?? [], names);
  spec.variables?.forEach(({ name, expression }, index) => {
    const at = `spec.variables[${index}]`;
    if (!name?.trim()) errors.required(`${at}.name`, 'name is not specified');
    else if (!IDENTIFIER.test(name)) errors.invalid(`${at}.name`, name, 'name is not a valid CEL identifier');
    if (!expression?.trim()) return errors.required(`${at}.expression`, 'expression is not specified');
    report(errors, `${at}.expression`, expression, compiled[index]?.compiled);
  });
  if (!spec.validations?.length && !spec.auditAnnotations?.length) {
    errors.required('spec.validations', NOTHING_TO_DO);
    errors.required('spec.auditAnnotations', NOTHING_TO_DO);
    return;
  }
  const scope: Names = { ...names, variables: types };
  spec.validations?.forEach((validation, index) => {
    validateValidation(errors, validation, scope, `spec.validations[${index}]`);
  });
  validateAnnotations(errors, policyName, spec.auditAnnotations ?? [], scope);
}

function report(errors: FieldErrors, path: string, expression: string, compiled: Compiled | undefined): void {
  if (compiled && !compiled.ok) errors.invalid(path, expression, compiled.message);
}

function validateValidation(errors: FieldErrors, validation: Validation, names: Names, path: string): void {
  const { message, messageExpression, reason } = validation;
  const expression = validation.expression ?? '';
  if (expression.trim() === '') errors.required(`${path}.expression`, 'expression is not specified');
  else report(errors, `${path}.expression`, expression, compileAs(expression, admissionEnvironment(names), ['bool']));
  if (messageExpression !== undefined && messageExpression !== '') {
    const at = `${path}.messageExpression`;
    if (messageExpression.trim() === '') errors.invalid(at, messageExpression, 'must be non-empty if specified');
    else {
      const env = admissionEnvironment({ ...names, authorizer: false });
      report(errors, at, messageExpression, compileAs(messageExpression, env, ['string']));
    }
  }
  if (message !== undefined && message !== '') {
    if (message.trim() === '') errors.invalid(`${path}.message`, message, 'message must be non-empty if specified');
    else if (/[\r\n]/.test(message.trim())) {
      errors.invalid(`${path}.message`, message, 'message must not contain line breaks');
    }
  }
  if (reason !== undefined && !REASONS.includes(reason)) errors.notSupported(`${path}.reason`, reason, REASONS);
}

function validateAnnotations(
  errors: FieldErrors,
  policyName: string,
  annotations: readonly AuditAnnotation[],
  names: Names,
): void {
  const path = 'spec.auditAnnotations';
  if (annotations.length > MAX_ANNOTATIONS) {
    errors.invalid(path, annotations, `must not have more than ${MAX_ANNOTATIONS} auditAnnotations`);
    return;
  }
  const keys = new Set<string>();
  annotations.forEach((annotation, index) => {
    const key = annotation.key ?? '';
    const valueExpression = annotation.valueExpression ?? '';
    const at = `${path}[${index}]`;
    errors.check(`${at}.key`, policyName === '' ? key : `${policyName}/${key}`, checkQualifiedName);
    if (valueExpression.trim() === '') {
      errors.required(`${at}.valueExpression`, 'valueExpression is not specified');
    } else if (valueExpression.length > MAX_VALUE_EXPRESSION) {
      const detail = `must not exceed ${MAX_VALUE_EXPRESSION} bytes in length`;
      errors.invalid(`${at}.valueExpression`, valueExpression, detail);
    } else {
      const compiled = compileAs(valueExpression, admissionEnvironment(names), ['string', 'null']);
      report(errors, `${at}.valueExpression`, valueExpression, compiled);
    }
    if (keys.has(key)) errors.duplicate(`${at}.key`, key);
    keys.add(key);
  });
}

function validateParamKind(errors: FieldErrors, { apiVersion = '', kind = '' }: ParamKind, path: string): void {
  const parts = apiVersion.split('/');
  const [group, version] = parts.length === 2 ? [parts[0] ?? '', parts[1] ?? ''] : ['', parts[0] ?? ''];
  if (apiVersion === '') errors.required(`${path}.apiVersion`);
  else if (parts.length > 2) {
    errors.invalid(`${path}.apiVersion`, apiVersion, `unexpected GroupVersion string: ${apiVersion}`);
  } else {
    if (group !== '') errors.invalidEach(`${path}.apiVersion`, group, checkDnsSubdomain(group));
    if (version === '') errors.invalid(`${path}.apiVersion`, apiVersion, 'version must be specified');
    else errors.invalidEach(`${path}.apiVersion`, version, checkDns1035Label(version));
  }
  if (kind === '') return errors.required(`${path}.kind`);
  const wrong = checkDns1035Label(kind.toLowerCase());
  if (wrong.length > 0) {
    errors.invalid(`${path}.kind`, kind, `may have mixed case, but should otherwise match: ${wrong.join(',')}`);
  }
}

function validateMatchResources(errors: FieldErrors, match: MatchResources, path: string): void {
  errors.oneOf(`${path}.matchPolicy`, match.matchPolicy, MATCH_POLICIES);
  if (!match.namespaceSelector) errors.required(`${path}.namespaceSelector`);
  if (!match.objectSelector) errors.required(`${path}.objectSelector`);
  validateLabelSelector(errors, match.namespaceSelector, `${path}.namespaceSelector`);
  validateLabelSelector(errors, match.objectSelector, `${path}.objectSelector`);
  match.resourceRules?.forEach((rule, index) => validateNamedRule(errors, rule, `${path}.resourceRules[${index}]`));
  match.excludeResourceRules?.forEach((rule, index) => {
    validateNamedRule(errors, rule, `${path}.excludeResourceRules[${index}]`);
  });
}

export function validatePolicyBinding({ spec }: ValidatingAdmissionPolicyBinding): FieldError[] {
  const errors = new FieldErrors();
  if (!spec.policyName) errors.required('spec.policyName');
  else errors.invalidEach('spec.policyName', spec.policyName, checkDnsSubdomain(spec.policyName));
  if (spec.paramRef) validateParamRef(errors, spec.paramRef, 'spec.paramRef');
  if (spec.matchResources) validateMatchResources(errors, spec.matchResources, 'spec.matchResources');
  validateActions(errors, spec.validationActions ?? [], 'spec.validationActions');
  return errors.list;
}

function validateParamRef(errors: FieldErrors, ref: ParamRef, path: string): void {
  const { name = '', selector, parameterNotFoundAction } = ref;
  if (name !== '') {
    errors.invalidEach(`${path}.name`, name, checkPathSegment(name));
    if (selector) errors.forbidden(`${path}.name`, 'name and selector are mutually exclusive');
  } else if (!selector) errors.required(path, 'one of name or selector must be specified');
  validateLabelSelector(errors, selector, `${path}.selector`);
  if (!parameterNotFoundAction) errors.required(`${path}.parameterNotFoundAction`);
  else if (!NOT_FOUND_ACTIONS.includes(parameterNotFoundAction)) {
    errors.notSupported(`${path}.parameterNotFoundAction`, parameterNotFoundAction, NOT_FOUND_ACTIONS);
  }
}

function validateActions(errors: FieldErrors, actions: readonly string[], path: string): void {
  const seen = new Set<string>();
  actions.forEach((action, index) => {
    if (!ACTIONS.includes(action)) errors.notSupported(`${path}[${index}]`, action, ACTIONS);
    if (seen.has(action)) errors.duplicate(`${path}[${index}]`, action);
    seen.add(action);
  });
  if (seen.has('Deny') && seen.has('Warn')) {
    const detail =
      'must not contain both Deny and Warn (repeating the same validation failure information in the API response and headers serves no purpose)';
    errors.invalid(path, actions, detail);
  }
  if (seen.size === 0) errors.required(path, 'at least one validation action is required');
}
