/** DaemonSet. */
import type { FieldError } from '../../errors.ts';
import { sameJson } from '../../machinery/json.ts';
import type { DaemonSet, DaemonSetUpdateStrategy, RollingUpdateDaemonSet } from '../../types/apps.v1.ts';
import { amountOf, validateAmount, validateShare } from '../amounts.ts';
import { validateCollisions, validateCounts } from '../counts.ts';
import { FieldErrors } from '../field-errors.ts';
import { validatePodTemplate } from '../pod/spec.ts';
import { isEmptySelector, validateEndless, validateSelection } from '../templates.ts';

export function validateDaemonSet({ spec }: DaemonSet): FieldError[] {
  const errors = new FieldErrors();
  validateSelection(errors, spec);
  if (spec.selector && isEmptySelector(spec.selector)) {
    errors.invalid('spec.selector', spec.selector, 'empty selector is invalid for daemonset');
  }
  validatePodTemplate(errors, spec.template, 'spec.template');
  validateEndless(errors, spec.template, 'DaemonSet');
  errors.notNegative('spec.minReadySeconds', spec.minReadySeconds);
  validateStrategy(errors, spec.updateStrategy, 'spec.updateStrategy');
  errors.notNegative('spec.revisionHistoryLimit', spec.revisionHistoryLimit);
  return errors.list;
}

export function validateDaemonSetUpdate(next: DaemonSet, previous: DaemonSet): FieldError[] {
  const errors = new FieldErrors();
  const { selector } = next.spec;
  errors.immutable('spec.selector', sameJson(selector, previous.spec.selector), selector);
  return [...errors.list, ...validateDaemonSet(next)];
}

export function validateDaemonSetStatus(next: DaemonSet, previous: DaemonSet): FieldError[] {
  const errors = new FieldErrors();
  validateCounts(errors, next.status);
  validateCollisions(errors, next.status, previous.status);
  return errors.list;
}

function validateStrategy(errors: FieldErrors, strategy: DaemonSetUpdateStrategy, path: string): void {
  if (strategy.type === 'OnDelete') return;
  if (strategy.type !== 'RollingUpdate') errors.notSupported(path, strategy, ['RollingUpdate', 'OnDelete']);
  else if (!strategy.rollingUpdate) errors.required(`${path}.rollingUpdate`);
  else validateRollingUpdate(errors, strategy.rollingUpdate, `${path}.rollingUpdate`);
}

function validateRollingUpdate(
  errors: FieldErrors,
  { maxUnavailable = 0, maxSurge = 0 }: RollingUpdateDaemonSet,
  path: string,
): void {
  validateAmount(errors, maxUnavailable, `${path}.maxUnavailable`);
  validateAmount(errors, maxSurge, `${path}.maxSurge`);
  validateShare(errors, maxUnavailable, `${path}.maxUnavailable`);
  validateShare(errors, maxSurge, `${path}.maxSurge`);
  const surges = amountOf(maxSurge) !== 0;
  if (amountOf(maxUnavailable) === 0) {
    if (!surges) errors.required(`${path}.maxUnavailable`, 'cannot be 0 when maxSurge is 0');
  } else if (surges) {
    errors.invalid(`${path}.maxSurge`, maxSurge, 'may not be set when maxUnavailable is non-zero');
  }
}
