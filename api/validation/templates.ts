/** Pod templates of workloads, and the selectors that must find the pods made from them. */
import { selectorFromObject } from '../machinery/selectors.ts';
import type { PodTemplateSpec } from '../types/core.v1.ts';
import type { LabelSelector } from '../types/meta.v1.ts';
import type { FieldErrors } from './field-errors.ts';
import { validateLabelSelector } from './selectors.ts';

export function isEmptySelector({ matchLabels = {}, matchExpressions = [] }: LabelSelector): boolean {
  return Object.keys(matchLabels).length + matchExpressions.length === 0;
}

interface Selection {
  readonly selector?: LabelSelector;
  readonly template: PodTemplateSpec;
}

/**
 * The selector in `spec.selector`, and that it finds what is made from `spec.template`. One that is missing finds
 * nothing. Returns whether it has the form of one.
 */
export function validateSelection(errors: FieldErrors, { selector, template }: Selection): boolean {
  if (!hasForm(errors, selector)) return false;
  validateMatch(errors, selector, template);
  return true;
}

/** As {@link validateSelection}, of one that must be there and say something; `kind` and `malformed` are told of. */
export function validateRequiredSelection(
  errors: FieldErrors,
  { selector, template }: Selection,
  { kind, malformed }: { kind: string; malformed: string },
): boolean {
  if (!selector) errors.required('spec.selector');
  const isWellFormed = hasForm(errors, selector);
  const isEmpty = selector !== undefined && isEmptySelector(selector);
  if (isEmpty) errors.invalid('spec.selector', selector, `empty selector is invalid for ${kind}`);
  if (!isWellFormed) errors.invalid('spec.selector', selector, malformed);
  else if (!isEmpty) validateMatch(errors, selector, template);
  return isWellFormed;
}

function hasForm(errors: FieldErrors, selector: LabelSelector | undefined): boolean {
  const before = errors.list.length;
  validateLabelSelector(errors, selector, 'spec.selector');
  return errors.list.length === before && !errors.isFull;
}

function validateMatch(errors: FieldErrors, selector: LabelSelector | undefined, template: PodTemplateSpec): void {
  const labels = template.metadata?.labels ?? {};
  if (selectorFromObject(selector).matches(labels)) return;
  errors.invalid('spec.template.metadata.labels', labels, '`selector` does not match template `labels`');
}

/** What a workload keeps running always restarts and has no deadline. */
export function validateEndless(errors: FieldErrors, { spec }: PodTemplateSpec, kind: string): void {
  const path = 'spec.template.spec';
  if (spec.restartPolicy !== 'Always') errors.notSupported(`${path}.restartPolicy`, spec.restartPolicy, ['Always']);
  if (spec.activeDeadlineSeconds !== undefined) {
    errors.forbidden(`${path}.activeDeadlineSeconds`, `activeDeadlineSeconds in ${kind} is not Supported`);
  }
}
