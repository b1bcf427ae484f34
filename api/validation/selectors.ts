/** Label selectors as part of objects (apimachinery `ValidateLabelSelector`) and node selectors. */
import { checkDnsSubdomain, checkLabelValue, checkQualifiedName } from '../machinery/names.ts';
import type { NodeSelector, NodeSelectorRequirement, NodeSelectorTerm } from '../types/core.v1.ts';
import type { LabelSelector, LabelSelectorRequirement } from '../types/meta.v1.ts';
import type { FieldErrors } from './field-errors.ts';
import { validateLabels } from './metadata.ts';

const NEEDS_VALUES = "must be specified when `operator` is 'In' or 'NotIn'";
const TAKES_NO_VALUES = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'";
const NEEDS_ONE_VALUE = "must be specified single value when `operator` is 'Lt' or 'Gt'";
const UNKNOWN_OPERATOR = 'not a valid selector operator';

export function validateLabelSelector(errors: FieldErrors, selector: LabelSelector | undefined, path: string): void {
  if (!selector) return;
  validateLabels(errors, selector.matchLabels, `${path}.matchLabels`);
  selector.matchExpressions?.forEach((requirement, index) => {
    validateLabelRequirement(errors, requirement, `${path}.matchExpressions[${index}]`);
  });
}

export function validateLabelRequirement(
  errors: FieldErrors,
  requirement: LabelSelectorRequirement,
  path: string,
): void {
  validateOperator(errors, requirement, path);
  errors.invalidEach(`${path}.key`, requirement.key ?? '', checkQualifiedName(requirement.key ?? ''));
  requirement.values?.forEach((value, index) => {
    errors.check(`${path}.values[${index}]`, value, checkLabelValue);
  });
}

/** Returns whether the operator is one of those that all selectors have. */
export function validateOperator(
  errors: FieldErrors,
  { operator, values = [] }: { operator: string; values?: string[] },
  path: string,
  onOther: () => void = () => errors.invalid(`${path}.operator`, operator ?? '', UNKNOWN_OPERATOR),
): void {
  if (operator === 'In' || operator === 'NotIn') {
    if (values.length === 0) errors.required(`${path}.values`, NEEDS_VALUES);
  } else if (operator === 'Exists' || operator === 'DoesNotExist') {
    if (values.length > 0) errors.forbidden(`${path}.values`, TAKES_NO_VALUES);
  } else {
    onOther();
  }
}

export function validateNodeSelector(errors: FieldErrors, { nodeSelectorTerms }: NodeSelector, path: string): void {
  const at = `${path}.nodeSelectorTerms`;
  if (!nodeSelectorTerms?.length) errors.required(at, 'must have at least one node selector term');
  nodeSelectorTerms?.forEach((term, index) => {
    validateNodeSelectorTerm(errors, term, `${at}[${index}]`);
    validateNodeValues(errors, term, `${at}[${index}]`);
  });
}

/** What is merely preferred may ask for values that no label can have. */
export function validateNodeSelectorTerm(errors: FieldErrors, term: NodeSelectorTerm, path: string): void {
  term.matchExpressions?.forEach((requirement, index) => {
    validateNodeRequirement(errors, requirement, `${path}.matchExpressions[${index}]`);
  });
  term.matchFields?.forEach((requirement, index) => {
    validateNodeField(errors, requirement, `${path}.matchFields[${index}]`);
  });
}

function validateNodeRequirement(errors: FieldErrors, requirement: NodeSelectorRequirement, path: string): void {
  const { operator, values = [] } = requirement;
  const key = requirement.key ?? '';
  validateOperator(errors, requirement, path, () => {
    if (operator !== 'Gt' && operator !== 'Lt') errors.invalid(`${path}.operator`, operator ?? '', UNKNOWN_OPERATOR);
    else if (values.length !== 1) errors.required(`${path}.values`, NEEDS_ONE_VALUE);
  });
  errors.check(`${path}.key`, key, checkQualifiedName);
}

function validateNodeValues(errors: FieldErrors, { matchExpressions }: NodeSelectorTerm, path: string): void {
  matchExpressions?.forEach(({ values }, number) => {
    const at = `${path}.matchExpressions[${number}]`;
    values?.forEach((value, index) => errors.check(`${at}.values[${index}]`, value, checkLabelValue));
  });
}

function validateNodeField(
  errors: FieldErrors,
  { key, operator, values }: NodeSelectorRequirement,
  path: string,
): void {
  if (operator !== 'In' && operator !== 'NotIn') errors.invalid(`${path}.operator`, operator ?? '', UNKNOWN_OPERATOR);
  else if (values?.length !== 1) {
    errors.required(
      `${path}.values`,
      "must be only one value when `operator` is 'In' or 'NotIn' for node field selector",
    );
  }
  if (key !== 'metadata.name') errors.invalid(`${path}.key`, key ?? '', 'not a valid field selector key');
  else values?.forEach((value, index) => errors.check(`${path}.values[${index}]`, value, checkDnsSubdomain));
}
