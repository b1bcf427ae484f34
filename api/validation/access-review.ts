/** Questions about rights (authorization.k8s.io/v1). */
import type { FieldError } from '../errors.ts';
import type {
  FieldSelectorAttributes,
  LabelSelectorAttributes,
  LocalSubjectAccessReview,
  ResourceAttributes,
  SelfSubjectAccessReview,
  SubjectAccessReview,
  SubjectAccessReviewSpec,
} from '../types/authorization.v1.ts';
import type { ObjectMeta } from '../types/meta.v1.ts';
import { FieldErrors } from './field-errors.ts';
import { validateLabelRequirement, validateOperator } from './selectors.ts';

export function validateSubjectAccessReview({ spec, metadata }: SubjectAccessReview): FieldError[] {
  const errors = new FieldErrors();
  validateQuestion(errors, spec);
  validateSubject(errors, spec);
  validateEmpty(errors, metadata, 'must be empty');
  return errors.list;
}

export function validateLocalSubjectAccessReview({ spec, metadata }: LocalSubjectAccessReview): FieldError[] {
  const errors = new FieldErrors();
  validateQuestion(errors, spec);
  validateSubject(errors, spec);
  const { namespace, ...others } = metadata;
  validateEmpty(errors, others, 'must be empty except for namespace');
  const { resourceAttributes: resource, nonResourceAttributes: other } = spec;
  if (resource && (resource.namespace ?? '') !== namespace) {
    errors.invalid('spec.resourceAttributes.namespace', resource.namespace ?? '', 'must match metadata.namespace');
  }
  if (other) errors.invalid('spec.nonResourceAttributes', other, 'disallowed on this kind of request');
  return errors.list;
}

export function validateSelfSubjectAccessReview({ spec, metadata }: SelfSubjectAccessReview): FieldError[] {
  const errors = new FieldErrors();
  validateQuestion(errors, spec);
  validateEmpty(errors, metadata, 'must be empty');
  return errors.list;
}

function validateEmpty(errors: FieldErrors, metadata: ObjectMeta, detail: string): void {
  const { managedFields: _fields, creationTimestamp: _time, ...others } = metadata;
  if (Object.keys(others).length > 0) errors.invalid('metadata', metadata, detail);
}

function validateSubject(errors: FieldErrors, { user = '', groups = [] }: SubjectAccessReviewSpec): void {
  if (user === '' && groups.length === 0) {
    errors.invalid('spec.user', user, 'at least one of user or group must be specified');
  }
}

type Question = Pick<SubjectAccessReviewSpec, 'resourceAttributes' | 'nonResourceAttributes'>;

function validateQuestion(errors: FieldErrors, spec: Question): void {
  const { resourceAttributes: resource, nonResourceAttributes: other } = spec;
  if (resource && other) {
    errors.invalid('spec.nonResourceAttributes', other, 'cannot be specified in combination with resourceAttributes');
  }
  if (!resource && !other) {
    const detail = 'exactly one of nonResourceAttributes or resourceAttributes must be specified';
    errors.invalid('spec.resourceAttributes', null, detail);
  }
  if (resource) validateSelectors(errors, resource, 'spec.resourceAttributes');
}

function validateSelectors(errors: FieldErrors, attributes: ResourceAttributes, path: string): void {
  const { fieldSelector, labelSelector } = attributes;
  if (fieldSelector) validateForm(errors, fieldSelector, `${path}.fieldSelector`);
  if (labelSelector) validateForm(errors, labelSelector, `${path}.labelSelector`);
  fieldSelector?.requirements?.forEach((requirement, index) => {
    const at = `${path}.fieldSelector.requirements[${index}]`;
    validateOperator(errors, requirement, at);
    if (!requirement.key) errors.required(`${at}.key`, 'must be specified');
  });
  labelSelector?.requirements?.forEach((requirement, index) => {
    const at = `${path}.labelSelector.requirements[${index}]`;
    validateLabelRequirement(errors, requirement, at);
  });
}

function validateForm(
  errors: FieldErrors,
  { rawSelector = '', requirements = [] }: FieldSelectorAttributes | LabelSelectorAttributes,
  path: string,
): void {
  if (rawSelector !== '' && requirements.length > 0) {
    errors.invalid(`${path}.rawSelector`, rawSelector, 'may not specified at the same time as requirements');
  }
  if (rawSelector === '' && requirements.length === 0) {
    errors.required(`${path}.requirements`, `when ${path} is specified, requirements or rawSelector is required`);
  }
}
