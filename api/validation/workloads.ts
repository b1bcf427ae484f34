/** Deployment and ReplicaSet. */
import type { FieldError } from '../errors.ts';
import { sameJson } from '../machinery/json.ts';
import type { Deployment, DeploymentSpec, ReplicaSet, ReplicaSetSpec } from '../types/apps.v1.ts';
import { amountOf, validateAmount, validateShare } from './amounts.ts';
import { validateCollisions, validateCounts, validateReplicaCounts } from './counts.ts';
import { FieldErrors } from './field-errors.ts';
import { validatePodTemplate } from './pod/spec.ts';
import { validateEndless, validateRequiredSelection } from './templates.ts';

/** Kubernetes names the one kind also when it speaks of the other. */
const WORDS = { kind: 'deployment', malformed: 'invalid label selector' };

export function validateDeployment({ spec }: Deployment): FieldError[] {
  const errors = new FieldErrors();
  errors.notNegative('spec.replicas', spec.replicas);
  validateTemplate(errors, spec);
  validateStrategy(errors, spec.strategy, 'spec.strategy');
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
  return errors.list;
}

export function validateDeploymentUpdate(next: Deployment, previous: Deployment): FieldError[] {
  return validateSameSelector(next.spec, previous.spec);
}

export function validateDeploymentStatus({ status }: Deployment, previous: Deployment): FieldError[] {
  const errors = new FieldErrors();
  validateCounts(errors, status ?? {});
  validateReplicaCounts(errors, status ?? {}, ['updatedReplicas', 'readyReplicas', 'availableReplicas']);
  validateCollisions(errors, status, previous.status);
  return errors.list;
}

export function validateReplicaSet({ spec }: ReplicaSet): FieldError[] {
  const errors = new FieldErrors();
  errors.notNegative('spec.replicas', spec.replicas);
  errors.notNegative('spec.minReadySeconds', spec.minReadySeconds);
  validateTemplate(errors, spec);
  return errors.list;
}

export function validateReplicaSetUpdate(next: ReplicaSet, previous: ReplicaSet): FieldError[] {
  return validateSameSelector(next.spec, previous.spec);
}

export function validateReplicaSetStatus({ status }: ReplicaSet): FieldError[] {
  const errors = new FieldErrors();
  validateCounts(errors, status ?? {});
  validateReplicaCounts(errors, status ?? {}, ['fullyLabeledReplicas', 'readyReplicas', 'availableReplicas']);
  return errors.list;
}

function validateSameSelector(next: { selector?: unknown }, previous: { selector?: unknown }): FieldError[] {
  const errors = new FieldErrors();
  errors.immutable('spec.selector', sameJson(next.selector, previous.selector), next.selector);
  return errors.list;
}

function validateTemplate(errors: FieldErrors, spec: DeploymentSpec | ReplicaSetSpec): void {
  if (!validateRequiredSelection(errors, spec, WORDS)) return;
  validatePodTemplate(errors, spec.template, 'spec.template');
  validateEndless(errors, spec.template, 'ReplicaSet');
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
