/** Namespace, Node, Lease. */
import type { FieldError } from '../errors.ts';
import { checkDnsSubdomain, checkLabelValue, checkQualifiedName } from '../machinery/names.ts';
import type { Lease } from '../schema/types/coordination.v1.ts';
import type { Namespace, Node, Taint } from '../schema/types/core.v1.ts';
import { checkCidr } from './addresses.ts';
import { FieldErrors } from './field-errors.ts';
import { validateQuantity } from './resources.ts';

export function validateNamespace({ spec }: Namespace): FieldError[] {
  const errors = new FieldErrors();
  spec.finalizers?.forEach((finalizer) => {
    errors.check('spec.finalizers', finalizer, checkQualifiedName);
    if (finalizer !== 'kubernetes' && !finalizer.includes('/')) {
      const detail = 'name is neither a standard finalizer name nor is it fully qualified';
      errors.invalid('spec.finalizers', finalizer, detail);
    }
  });
  return errors.list;
}

export function validateNode({ spec, status }: Node): FieldError[] {
  const errors = new FieldErrors();
  validateTaints(errors, spec.taints ?? [], 'spec.taints');
  podRanges({ spec }).forEach((cidr, index) => errors.check(`spec.podCIDRs[${index}]`, cidr, checkCidr));
  for (const list of ['capacity', 'allocatable'] as const) {
    for (const [name, amount] of Object.entries(status[list] ?? {})) {
      errors.check(`status.${list}[${name}]`, name, checkQualifiedName);
      validateQuantity(errors, amount, `status.${list}[${name}]`);
    }
  }
  return errors.list;
}

export function validateNodeUpdate(next: Node, previous: Node): FieldError[] {
  const errors = new FieldErrors();
  const before = podRanges(previous);
  if (before.length > 0 && before.join() !== podRanges(next).join()) {
    errors.forbidden('spec.podCIDRs', 'node updates may not change podCIDR except from "" to valid');
  }
  if (previous.spec.providerID && next.spec.providerID !== previous.spec.providerID) {
    errors.forbidden('spec.providerID', 'node updates may not change providerID except from "" to valid');
  }
  return errors.list;
}

/** The older single field wins over a list that says otherwise. */
function podRanges({ spec: { podCIDR, podCIDRs = [] } }: Pick<Node, 'spec'>): readonly string[] {
  return podCIDR && podCIDR !== podCIDRs[0] ? [podCIDR] : podCIDRs;
}

function validateTaints(errors: FieldErrors, taints: readonly Taint[], path: string): void {
  const seen = new Set<string>();
  taints.forEach(({ key, value = '', effect }, index) => {
    const at = `${path}[${index}]`;
    errors.invalidEach(`${at}.key`, key ?? '', checkQualifiedName(key ?? ''));
    errors.check(`${at}.value`, value, checkLabelValue);
    errors.oneOf(`${at}.effect`, effect, ['NoExecute', 'NoSchedule', 'PreferNoSchedule']);
    if (seen.has(`${key}:${effect}`)) errors.duplicate(at, { key, effect });
    seen.add(`${key}:${effect}`);
  });
}

export function validateLease({ spec }: Lease): FieldError[] {
  const errors = new FieldErrors();
  const { leaseDurationSeconds, leaseTransitions, preferredHolder, strategy } = spec;
  if (leaseDurationSeconds !== undefined && leaseDurationSeconds <= 0) {
    errors.invalid('spec.leaseDurationSeconds', leaseDurationSeconds, 'must be greater than 0');
  }
  errors.notNegative('spec.leaseTransitions', leaseTransitions);
  if (strategy !== undefined) errors.check('spec.strategy', strategy, checkDnsSubdomain);
  if (preferredHolder && !strategy) {
    errors.forbidden('spec.preferredHolder', 'may only be specified when `strategy` is defined');
  }
  return errors.list;
}
