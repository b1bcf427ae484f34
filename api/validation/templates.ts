/** Pod templates of workloads, and the selectors that must find the pods made from them. */
import { selectorFromObject } from '../machinery/selectors.ts';
import type { PodTemplateSpec } from '../types/core.v1.ts';
import type { LabelSelector } from '../types/meta.v1.ts';
import type { FieldErrors } from './field-errors.ts';
import { validateLabelSelector } from './selectors.ts';

export function isEmptySelector({ matchLabels = {}, matchExpressions = [] }: LabelSelector): boolean {
  return Object.keys(matchLabels).length + matchExpressions.length === 0;
}

/** The selector in `spec.selector`, and that it finds what is made from `spec.template`. One that is missing finds nothing. */
export function validateSelection(
  errors: FieldErrors,
  selector: LabelSelector | undefined,
  template: PodTemplateSpec,
): void {
  const before = errors.list.length;
  validateLabelSelector(errors, selector, 'spec.selector');
  if (errors.list.length > before || errors.isFull) return;
  const labels = template.metadata?.labels ?? {};
  if (!selectorFromObject(selector).matches(labels)) {
    errors.invalid('spec.template.metadata.labels', labels, '`selector` does not match template `labels`');
  }
}

/** What a workload keeps running always restarts and has no deadline. */
export function validateEndless(errors: FieldErrors, { spec }: PodTemplateSpec, kind: string): void {
  const path = 'spec.template.spec';
  if (spec.restartPolicy !== 'Always') errors.notSupported(`${path}.restartPolicy`, spec.restartPolicy, ['Always']);
  if (spec.activeDeadlineSeconds !== undefined) {
    errors.forbidden(`${path}.activeDeadlineSeconds`, `activeDeadlineSeconds in ${kind} is not Supported`);
  }
}
