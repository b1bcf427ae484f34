/** ResourceQuota: how much of everything a namespace may hold. */
import type { FieldError } from '../../errors.ts';
import type {
  ResourceQuota,
  ResourceQuotaSpec,
  ResourceQuotaStatus,
  ScopedResourceSelectorRequirement,
} from '../../types/core.v1.ts';
import { FieldErrors } from '../field-errors.ts';
import { isIntegerResource, isQuotaResource, validateQuotaResourceName } from '../resource-names.ts';
import { validateQuantity } from '../resources.ts';

const PODS = ['pods'];
const POD_RESOURCES = [...PODS, 'cpu', 'memory', 'limits.cpu', 'limits.memory', 'requests.cpu', 'requests.memory'];
/** What can be counted of the pods and claims in a scope. */
const SCOPES: ReadonlyMap<string, readonly string[]> = new Map([
  ['Terminating', POD_RESOURCES],
  ['NotTerminating', POD_RESOURCES],
  ['BestEffort', PODS],
  ['NotBestEffort', POD_RESOURCES],
  ['PriorityClass', POD_RESOURCES],
  ['CrossNamespacePodAffinity', POD_RESOURCES],
  ['VolumeAttributesClass', ['persistentvolumeclaims', 'requests.storage']],
]);
const CONFLICTING: readonly (readonly [string, string])[] = [
  ['BestEffort', 'NotBestEffort'],
  ['Terminating', 'NotTerminating'],
];
const ONLY_EXISTS = ['BestEffort', 'NotBestEffort', 'Terminating', 'NotTerminating', 'CrossNamespacePodAffinity'];
const NEEDS_EXISTS =
  "must be 'Exists' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity";
const NANOS_PER_UNIT = 1_000_000_000n;

export function validateResourceQuota({ spec }: ResourceQuota): FieldError[] {
  const errors = new FieldErrors();
  validateAmounts(errors, spec.hard, 'spec.hard');
  validateScopes(errors, spec);
  validateScopeSelector(errors, spec);
  return errors.list;
}

export function validateResourceQuotaUpdate(next: ResourceQuota, previous: ResourceQuota): FieldError[] {
  const errors = new FieldErrors();
  const scopes = next.spec.scopes ?? [];
  const before = new Set(previous.spec.scopes);
  const isSame = new Set(scopes).size === before.size && scopes.every((scope) => before.has(scope));
  errors.immutable('spec.scopes', isSame, scopes);
  return errors.list;
}

export function validateResourceQuotaStatus({ status }: { status: ResourceQuotaStatus }): FieldError[] {
  const errors = new FieldErrors();
  validateAmounts(errors, status.hard, 'status.hard');
  validateAmounts(errors, status.used, 'status.used');
  return errors.list;
}

function validateAmounts(errors: FieldErrors, amounts: Record<string, string> | undefined, path: string): void {
  for (const [name, amount] of Object.entries(amounts ?? {})) {
    const at = `${path}[${name}]`;
    validateQuotaResourceName(errors, name, at);
    const quantity = validateQuantity(errors, amount, at);
    if (quantity && isIntegerResource(name) && quantity.nanos % NANOS_PER_UNIT !== 0n) {
      errors.invalid(at, amount, 'must be an integer');
    }
  }
}

function validateScopes(errors: FieldErrors, { scopes = [], hard }: ResourceQuotaSpec): void {
  const path = 'spec.scopes';
  for (const scope of scopes) {
    if (!SCOPES.has(scope)) errors.invalid(path, scopes, 'unsupported scope');
    for (const _name of uncountable(scope, hard)) errors.invalid(path, scopes, 'unsupported scope applied to resource');
  }
  validateConflicts(errors, scopes, scopes);
}

/** Resources in the quota that the scope has none of. */
function uncountable(scope: string, hard: Record<string, string> = {}): string[] {
  const countable = SCOPES.get(scope);
  return Object.keys(hard).filter((name) => isQuotaResource(name) && countable?.includes(name) === false);
}

function validateConflicts(errors: FieldErrors, scopes: readonly string[], shown: readonly string[]): void {
  for (const [a, b] of CONFLICTING) {
    if (scopes.includes(a) && scopes.includes(b)) errors.invalid('spec.scopes', shown, 'conflicting scopes');
  }
}

function validateScopeSelector(errors: FieldErrors, { scopeSelector, scopes = [], hard }: ResourceQuotaSpec): void {
  if (!scopeSelector) return;
  const path = 'spec.scopeSelector.matchExpressions';
  const requirements = scopeSelector.matchExpressions ?? [];
  for (const requirement of requirements) {
    const { scopeName } = requirement;
    if (!SCOPES.has(scopeName)) errors.invalid(`${path}.scopeName`, scopeName, 'unsupported scope');
    for (const _name of uncountable(scopeName, hard)) {
      errors.invalid(path, scopeSelector, 'unsupported scope applied to resource');
    }
    validateRequirement(errors, requirement, path);
  }
  validateConflicts(
    errors,
    requirements.map(({ scopeName }) => scopeName),
    scopes,
  );
}

function validateRequirement(
  errors: FieldErrors,
  { scopeName, operator, values = [] }: ScopedResourceSelectorRequirement,
  path: string,
): void {
  if (ONLY_EXISTS.includes(scopeName) && operator !== 'Exists')
    errors.invalid(`${path}.operator`, operator, NEEDS_EXISTS);
  if (operator === 'In' || operator === 'NotIn') {
    if (values.length === 0) {
      const detail = "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector";
      errors.required(`${path}.values`, detail);
    }
  } else if (operator === 'Exists' || operator === 'DoesNotExist') {
    if (values.length > 0) {
      const detail = "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector";
      errors.invalid(`${path}.values`, values, detail);
    }
  } else errors.invalid(`${path}.operator`, operator ?? '', 'not a valid selector operator');
}
