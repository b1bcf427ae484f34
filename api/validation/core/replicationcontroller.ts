/** ReplicationController and PodTemplate. */
import type { FieldError } from '../../errors.ts';
import { selectorFromMap } from '../../machinery/selectors.ts';
import type { PodTemplate, ReplicationController } from '../../types/core.v1.ts';
import { validateCounts, validateReplicaCounts } from '../counts.ts';
import { FieldErrors } from '../field-errors.ts';
import { validatePodTemplate } from '../pod/spec.ts';
import { validateEndless } from '../templates.ts';

export function validateReplicationController({ spec }: ReplicationController): FieldError[] {
  const errors = new FieldErrors();
  const { selector = {}, template } = spec;
  errors.notNegative('spec.minReadySeconds', spec.minReadySeconds);
  if (Object.keys(selector).length === 0) errors.required('spec.selector');
  if (spec.replicas === undefined) errors.required('spec.replicas');
  else errors.notNegative('spec.replicas', spec.replicas);
  if (!template) {
    errors.required('spec.template');
    return errors.list;
  }
  const labels = template.metadata?.labels ?? {};
  if (!selectorFromMap(selector).matches(labels)) {
    errors.invalid('spec.template.metadata.labels', labels, '`selector` does not match template `labels`');
  }
  validatePodTemplate(errors, template, 'spec.template');
  validateEndless(errors, template, 'ReplicationController');
  return errors.list;
}

export function validateReplicationControllerStatus({ status }: ReplicationController): FieldError[] {
  const errors = new FieldErrors();
  validateCounts(errors, status);
  validateReplicaCounts(errors, status, ['fullyLabeledReplicas', 'readyReplicas', 'availableReplicas']);
  return errors.list;
}

export function validatePodTemplateObject({ template }: PodTemplate): FieldError[] {
  const errors = new FieldErrors();
  validatePodTemplate(errors, template, 'template');
  return errors.list;
}
