/** Which pods a pod wants near it, and which not. */
import { checkDnsLabel, checkQualifiedName } from '../../machinery/names.ts';
import type { PodAffinity, PodAffinityTerm } from '../../types/core.v1.ts';
import type { FieldErrors } from '../field-errors.ts';
import { validateLabelSelector } from '../selectors.ts';

/** An anti-affinity has the same form. */
export function validatePodAffinity(errors: FieldErrors, affinity: PodAffinity, path: string): void {
  affinity.requiredDuringSchedulingIgnoredDuringExecution?.forEach((term, index) => {
    validateTerm(errors, term, `${path}.requiredDuringSchedulingIgnoredDuringExecution[${index}]`);
  });
  affinity.preferredDuringSchedulingIgnoredDuringExecution?.forEach(({ weight, podAffinityTerm }, index) => {
    const at = `${path}.preferredDuringSchedulingIgnoredDuringExecution[${index}]`;
    if (!(weight >= 1 && weight <= 100)) errors.invalid(`${at}.weight`, weight, 'must be in the range 1-100');
    if (podAffinityTerm) validateTerm(errors, podAffinityTerm, `${at}.podAffinityTerm`);
  });
}

function validateTerm(errors: FieldErrors, term: Partial<PodAffinityTerm>, path: string): void {
  validateLabelSelector(errors, term.labelSelector, `${path}.labelSelector`);
  validateLabelSelector(errors, term.namespaceSelector, `${path}.namespaceSelector`);
  for (const namespace of term.namespaces ?? []) errors.check(`${path}.namespace`, namespace, checkDnsLabel);
  validateLabelKeys(errors, term, path);
  if (!term.topologyKey) errors.required(`${path}.topologyKey`, 'can not be empty');
  errors.check(`${path}.topologyKey`, term.topologyKey, checkQualifiedName);
}

/** Keys whose values are taken from the pod itself when it is made. */
function validateLabelKeys(errors: FieldErrors, term: Partial<PodAffinityTerm>, path: string): void {
  for (const field of ['matchLabelKeys', 'mismatchLabelKeys'] as const) {
    const keys = term[field] ?? [];
    if (keys.length === 0) continue;
    if (!term.labelSelector) {
      errors.forbidden(`${path}.${field}`, 'must not be specified when labelSelector is not set');
      continue;
    }
    keys.forEach((key, index) => errors.check(`${path}.${field}[${index}]`, key, checkQualifiedName));
  }
  term.matchLabelKeys?.forEach((key, index) => {
    if (!term.mismatchLabelKeys?.includes(key)) return;
    errors.invalid(`${path}.matchLabelKeys[${index}]`, key, 'exists in both matchLabelKeys and mismatchLabelKeys');
  });
}
