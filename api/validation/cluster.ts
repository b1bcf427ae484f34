/** Namespace, Node, Lease. */
import type { FieldError } from '../errors.ts';
import { checkLabelValue, checkQualifiedName } from '../machinery/names.ts';
import type { Lease } from '../types/coordination.v1.ts';
import type { Namespace, Node, Taint } from '../types/core.v1.ts';
import { checkCidr } from './addresses.ts';
import { FieldErrors } from './field-errors.ts';
import { isIntegerResource } from './resource-names.ts';
import { isWhole, validateQuantity } from './resources.ts';

const ELECTIONS = ['OldestEmulationVersion'];

export function validateNamespace(namespace: Namespace): FieldError[] {
  return finalizerErrors(namespace, () => 'spec.finalizers');
}

function finalizerErrors({ spec }: Namespace, pathOf: (index: number) => string): FieldError[] {
  const errors = new FieldErrors();
  spec.finalizers?.forEach((finalizer, index) => {
    errors.check(pathOf(index), finalizer, checkQualifiedName);
    if (finalizer !== 'kubernetes' && !finalizer.includes('/')) {
      const detail = 'name is neither a standard finalizer name nor is it fully qualified';
      errors.invalid(pathOf(index), finalizer, detail);
    }
  });
  return errors.list;
}

/** Through its subresource, where each finalizer is told of by its place. */
export function validateNamespaceFinalizers(next: Namespace): FieldError[] {
  return finalizerErrors(next, (index) => `spec.finalizers[${index}]`);
}

export function validateNamespaceStatus({ metadata, status }: Namespace): FieldError[] {
  const errors = new FieldErrors();
  const [wanted, is] = metadata.deletionTimestamp ? ['Terminating', 'not empty'] : ['Active', 'empty'];
  if (status?.phase !== wanted) {
    errors.invalid('status.Phase', status?.phase ?? '', `may only be '${wanted}' if \`deletionTimestamp\` is ${is}`);
  }
  return errors.list;
}

export function validateNode(node: Node): FieldError[] {
  const errors = new FieldErrors();
  validateTaints(errors, node.spec.taints ?? []);
  validateAmounts(errors, node);
  validatePodRanges(errors, podRanges(node));
  return errors.list;
}

function validateAmounts(errors: FieldErrors, { status }: Node): void {
  for (const list of ['capacity', 'allocatable'] as const) {
    for (const [name, amount] of Object.entries(status?.[list] ?? {})) {
      const at = `status.${list}.${name}`;
      const quantity = validateQuantity(errors, amount, at);
      if (quantity && isIntegerResource(name) && !isWhole(quantity)) errors.invalid(at, amount, 'must be an integer');
    }
  }
}

function validatePodRanges(errors: FieldErrors, ranges: readonly string[]): void {
  ranges.forEach((cidr, index) => errors.check(`spec.podCIDRs[${index}]`, cidr, checkCidr));
  const families = new Set(ranges.map((cidr) => cidr.includes(':')));
  if (ranges.length <= families.size) return;
  errors.invalid('spec.podCIDRs', ranges, 'may specify no more than one CIDR for each IP family');
}

/** Also of the status: nodes tell of both. */
export function validateNodeUpdate(next: Node, previous: Node): FieldError[] {
  const errors = new FieldErrors();
  validateAmounts(errors, next);
  const addresses = new Set<string>();
  next.status?.addresses?.forEach((address, index) => {
    const text = JSON.stringify([address.type, address.address]);
    if (addresses.has(text)) errors.duplicate(`status.addresses[${index}]`, address);
    addresses.add(text);
  });
  const before = podRanges(previous);
  if (before.length > 0 && before.join() !== podRanges(next).join()) {
    errors.forbidden('spec.podCIDRs', 'node updates may not change podCIDR except from "" to valid');
  }
  if (previous.spec.providerID && next.spec.providerID !== previous.spec.providerID) {
    errors.forbidden('spec.providerID', 'node updates may not change providerID except from "" to valid');
  }
  validateTaints(errors, next.spec.taints ?? []);
  if ((next.spec.externalID ?? '') !== (previous.spec.externalID ?? '')) {
    errors.forbidden('spec.externalID', 'may not be updated');
  }
  return errors.list;
}

/** The older single field wins over a list that says otherwise. */
function podRanges({ spec: { podCIDR, podCIDRs = [] } }: Pick<Node, 'spec'>): readonly string[] {
  return podCIDR && podCIDR !== podCIDRs[0] ? [podCIDR] : podCIDRs;
}

function validateTaints(errors: FieldErrors, taints: readonly Taint[]): void {
  const seen = new Set<string>();
  taints.forEach((taint, index) => {
    // Kubernetes says metadata, and clients may have learnt to.
    const at = `metadata.taints[${index}]`;
    const { key, value = '', effect } = taint;
    errors.invalidEach(`${at}.key`, key ?? '', checkQualifiedName(key ?? ''));
    const wrong = checkLabelValue(value);
    if (wrong.length > 0) errors.invalid(`${at}.value`, value, wrong.join(';'));
    errors.oneOf(`${at}.effect`, effect, ['NoSchedule', 'PreferNoSchedule', 'NoExecute']);
    if (seen.has(`${key}:${effect}`)) errors.duplicate(at, taint, 'taints must be unique by key and effect pair');
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
  if (strategy !== undefined) validateElection(errors, strategy);
  if (preferredHolder && !strategy) {
    errors.forbidden('spec.preferredHolder', 'may only be specified if `strategy` is defined');
  }
  return errors.list;
}

/** How a lease finds its holder: as Kubernetes knows it, or in somebody's own way. */
function validateElection(errors: FieldErrors, strategy: string): void {
  // Kubernetes names the field twice, and clients may have learnt to.
  const path = 'spec.strategy.strategy';
  if (strategy.includes('/')) errors.check(path, strategy, checkQualifiedName);
  else if (!ELECTIONS.includes(strategy)) errors.notSupported(path, strategy, ELECTIONS);
}
