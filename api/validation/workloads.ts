/** Deployment and ReplicaSet. */
import type { FieldError } from '../errors.ts';
import { sameJson } from '../machinery/json.ts';
import { selectorFromObject } from '../machinery/selectors.ts';
import type { Deployment, DeploymentSpec, ReplicaSet, ReplicaSetSpec } from '../types/apps.v1.ts';
import { amountOf, validateAmount, validateShare } from './amounts.ts';
import { FieldErrors } from './field-errors.ts';
import { validatePodTemplate } from './pod/spec.ts';
import { validateLabelSelector } from './selectors.ts';

export function validateDeployment({ spec }: Deployment): FieldError[] {
  const errors = new FieldErrors();
  validateReplicas(errors, spec);
  errors.notNegative('spec.minReadySeconds', spec.minReadySeconds);
  errors.notNegative('spec.revisionHistoryLimit', spec.revisionHistoryLimit);
  errors.notNegative('spec.progressDeadlineSeconds', spec.progressDeadlineSeconds);
  if ((spec.progressDeadlineSeconds ?? 0) <= (spec.minReadySeconds ?? 0)) {
    errors.invalid(
      'spec.progressDeadlineSeconds',
      spec.progressDeadlineSeconds,
      'must be greater than minReadySeconds',
    );
  }
  validateStrategy(errors, spec.strategy, 'spec.strategy');
  return errors.list;
}

export function validateDeploymentUpdate(next: Deployment, previous: Deployment): FieldError[] {
  return validateSameSelector(next.spec, previous.spec);
}

export function validateReplicaSet({ spec }: ReplicaSet): FieldError[] {
  const errors = new FieldErrors();
  validateReplicas(errors, spec);
  errors.notNegative('spec.minReadySeconds', spec.minReadySeconds);
  return errors.list;
}

export function validateReplicaSetUpdate(next: ReplicaSet, previous: ReplicaSet): FieldError[] {
  return validateSameSelector(next.spec, previous.spec);
}

/** Counts in a status are counts. */
export function validateWorkloadStatus(next: Deployment | ReplicaSet): FieldError[] {
  const errors = new FieldErrors();
  for (const [field, value] of Object.entries(next.status ?? {})) {
    if (typeof value === 'number') errors.notNegative(`status.${field}`, value);
  }
  const counts = (next.status ?? {}) as Partial<Record<string, number>>;
  const { replicas = 0, readyReplicas = 0, availableReplicas = 0 } = counts;
  for (const field of ['updatedReplicas', 'fullyLabeledReplicas', 'readyReplicas', 'availableReplicas']) {
    const count = counts[field] ?? 0;
    if (count > replicas) errors.invalid(`status.${field}`, count, 'cannot be greater than status.replicas');
  }
  if (availableReplicas > readyReplicas) {
    errors.invalid('status.availableReplicas', availableReplicas, 'cannot be greater than readyReplicas');
  }
  return errors.list;
}

function validateSameSelector(next: { selector?: unknown }, previous: { selector?: unknown }): FieldError[] {
  const errors = new FieldErrors();
  errors.immutable('spec.selector', sameJson(next.selector, previous.selector), next.selector);
  return errors.list;
}

function validateReplicas(errors: FieldErrors, spec: DeploymentSpec | ReplicaSetSpec): void {
  errors.notNegative('spec.replicas', spec.replicas);
  const { selector, template } = spec;
  const before = errors.list.length;
  if (!selector) {
    errors.required('spec.selector');
  } else {
    validateLabelSelector(errors, selector, 'spec.selector');
    if (Object.keys(selector.matchLabels ?? {}).length + (selector.matchExpressions?.length ?? 0) === 0) {
      errors.invalid('spec.selector', selector, 'empty selector is invalid for deployment');
    }
  }
  const labels = template.metadata?.labels ?? {};
  if (selector && errors.list.length === before && !selectorFromObject(selector).matches(labels)) {
    errors.invalid('spec.template.metadata.labels', labels, '`selector` does not match template `labels`');
  }
  validatePodTemplate(errors, template, 'spec.template');
  const { restartPolicy, activeDeadlineSeconds } = template.spec;
  if (restartPolicy !== 'Always') errors.notSupported('spec.template.spec.restartPolicy', restartPolicy, ['Always']);
  if (activeDeadlineSeconds !== undefined) {
    errors.forbidden(
      'spec.template.spec.activeDeadlineSeconds',
      'activeDeadlineSeconds in ReplicaSet is not Supported',
    );
  }
}

function validateStrategy(errors: FieldErrors, strategy: DeploymentSpec['strategy'], path: string): void {
  const { type, rollingUpdate } = strategy;
  if (type !== 'Recreate' && type !== 'RollingUpdate') {
    errors.notSupported(path, strategy, ['Recreate', 'RollingUpdate']);
  }
  const at = `${path}.rollingUpdate`;
  if (type === 'Recreate' && rollingUpdate) {
    errors.forbidden(at, "may not be specified when strategy `type` is 'Recreate'");
  }
  if (type !== 'RollingUpdate') return;
  if (!rollingUpdate) {
    errors.required(at, 'this should be defaulted and never be nil');
    return;
  }
  const { maxUnavailable = 0, maxSurge = 0 } = rollingUpdate;
  validateAmount(errors, maxUnavailable, `${at}.maxUnavailable`);
  validateAmount(errors, maxSurge, `${at}.maxSurge`);
  if (amountOf(maxUnavailable) === 0 && amountOf(maxSurge) === 0) {
    errors.invalid(`${at}.maxUnavailable`, maxUnavailable, 'may not be 0 when `maxSurge` is 0');
  }
  validateShare(errors, maxUnavailable, `${at}.maxUnavailable`);
}
