/** What a pod says about the nodes it wants. */
import { checkLabelValue, checkQualifiedName } from '../../machinery/names.ts';
import type { NodeAffinity, PodSpec, Toleration, TopologySpreadConstraint } from '../../types/core.v1.ts';
import type { FieldErrors } from '../field-errors.ts';
import { validateLabels } from '../metadata.ts';
import { validatePodAffinity } from './affinity.ts';
import { validateLabelSelector, validateNodeSelector, validateNodeSelectorTerm } from '../selectors.ts';

const EFFECTS = ['NoSchedule', 'PreferNoSchedule', 'NoExecute'];

export function validateScheduling(errors: FieldErrors, spec: PodSpec, path: string): void {
  validateLabels(errors, spec.nodeSelector, `${path}.nodeSelector`);
  if (spec.affinity?.nodeAffinity) {
    validateNodeAffinity(errors, spec.affinity.nodeAffinity, `${path}.affinity.nodeAffinity`);
  }
  for (const field of ['podAffinity', 'podAntiAffinity'] as const) {
    const affinity = spec.affinity?.[field];
    if (affinity) validatePodAffinity(errors, affinity, `${path}.affinity.${field}`);
  }
  spec.tolerations?.forEach((toleration, index) => {
    validateToleration(errors, toleration, `${path}.tolerations[${index}]`);
  });
  validateSpread(errors, spec.topologySpreadConstraints ?? [], `${path}.topologySpreadConstraints`);
}

function validateNodeAffinity(errors: FieldErrors, affinity: NodeAffinity, path: string): void {
  const required = affinity.requiredDuringSchedulingIgnoredDuringExecution;
  if (required) validateNodeSelector(errors, required, `${path}.requiredDuringSchedulingIgnoredDuringExecution`);
  affinity.preferredDuringSchedulingIgnoredDuringExecution?.forEach(({ weight, preference }, index) => {
    const at = `${path}.preferredDuringSchedulingIgnoredDuringExecution[${index}]`;
    if (!(weight >= 1 && weight <= 100)) errors.invalid(`${at}.weight`, weight, 'must be in the range 1-100');
    if (preference) validateNodeSelectorTerm(errors, preference, `${at}.preference`);
  });
}

export function validateToleration(errors: FieldErrors, toleration: Toleration, path: string): void {
  const { key, operator, value, effect, tolerationSeconds } = toleration;
  if (key) errors.check(`${path}.key`, key, checkQualifiedName);
  if (!key && operator !== 'Exists') {
    const detail = 'operator must be Exists when `key` is empty, which means "match all values and all keys"';
    errors.invalid(`${path}.operator`, operator ?? '', detail);
  }
  if (tolerationSeconds !== undefined && effect !== 'NoExecute') {
    errors.invalid(`${path}.effect`, effect ?? '', "effect must be 'NoExecute' when `tolerationSeconds` is set");
  }
  if (!operator || operator === 'Equal') {
    errors.invalidEach(`${path}.operator`, value ?? '', checkLabelValue(value ?? ''));
  } else if (operator === 'Exists') {
    if (value) errors.invalid(`${path}.operator`, toleration, "value must be empty when `operator` is 'Exists'");
  } else {
    errors.notSupported(`${path}.operator`, operator, ['Equal', 'Exists']);
  }
  if (effect) errors.oneOf(`${path}.effect`, effect, EFFECTS);
}

function validateSpread(errors: FieldErrors, constraints: readonly TopologySpreadConstraint[], path: string): void {
  const pairs = new Set<string>();
  constraints.forEach((constraint, index) => {
    const at = `${path}[${index}]`;
    const { maxSkew, topologyKey, whenUnsatisfiable, minDomains } = constraint;
    if (!(maxSkew > 0)) errors.invalid(`${at}.maxSkew`, maxSkew ?? 0, 'must be greater than zero');
    if (!topologyKey) errors.required(`${at}.topologyKey`, 'can not be empty');
    else errors.check(`${at}.topologyKey`, topologyKey, checkQualifiedName);
    if (!['DoNotSchedule', 'ScheduleAnyway'].includes(whenUnsatisfiable)) {
      errors.notSupported(`${at}.whenUnsatisfiable`, whenUnsatisfiable ?? '', ['DoNotSchedule', 'ScheduleAnyway']);
    }
    const pair = `{${topologyKey}, ${whenUnsatisfiable}}`;
    if (pairs.has(pair)) errors.duplicate(`${at}.{topologyKey, whenUnsatisfiable}`, pair);
    pairs.add(pair);
    validateMinDomains(errors, minDomains, whenUnsatisfiable, at);
    for (const field of ['nodeAffinityPolicy', 'nodeTaintsPolicy'] as const) {
      if (constraint[field] !== undefined) errors.oneOf(`${at}.${field}`, constraint[field], ['Honor', 'Ignore']);
    }
    validateLabelSelector(errors, constraint.labelSelector, `${at}.labelSelector`);
  });
}

function validateMinDomains(errors: FieldErrors, minDomains: number | undefined, mode: string, path: string): void {
  if (minDomains === undefined) return;
  if (minDomains <= 0) errors.invalid(`${path}.minDomains`, minDomains, 'must be greater than zero');
  if (mode !== 'DoNotSchedule') {
    errors.invalid(
      `${path}.minDomains`,
      minDomains,
      `can only use minDomains if whenUnsatisfiable=DoNotSchedule, not ${mode}`,
    );
  }
}
