/** What an amount can be of: in containers, quotas and limits. */
import { checkQualifiedName } from '../machinery/names.ts';
import type { FieldErrors } from './field-errors.ts';

const CONTAINER: ReadonlySet<string> = new Set(['cpu', 'memory', 'ephemeral-storage']);
const COUNTED: readonly string[] = [
  'pods',
  'resourcequotas',
  'services',
  'replicationcontrollers',
  'secrets',
  'configmaps',
  'persistentvolumeclaims',
  'services.nodeports',
  'services.loadbalancers',
];
const QUOTA: ReadonlySet<string> = new Set([
  ...CONTAINER,
  ...['cpu', 'memory', 'storage', 'ephemeral-storage'].map((name) => `requests.${name}`),
  ...['cpu', 'memory', 'ephemeral-storage'].map((name) => `limits.${name}`),
  ...COUNTED,
]);
const HUGE_PAGES = 'hugepages-';

export function isHugePages(name: string): boolean {
  return name.startsWith(HUGE_PAGES);
}

/** Such as `2Mi`. */
export function pageSizeOf(name: string): string {
  return name.slice(HUGE_PAGES.length);
}

/** Of Kubernetes' own, as opposed to devices and the like. */
export function isNativeResource(name: string): boolean {
  return !name.includes('/') || name.includes('kubernetes.io/');
}

/** Whether more may be promised than there is. */
export function isOvercommitted(name: string): boolean {
  return isNativeResource(name) && !isHugePages(name);
}

/** Such as `example.com/gpu`: counted in whole numbers, and named by whoever offers it. */
export function isExtendedResource(name: string): boolean {
  if (isNativeResource(name) || name.startsWith('requests.')) return false;
  return checkQualifiedName(`requests.${name}`).length === 0;
}

export function isIntegerResource(name: string): boolean {
  return COUNTED.includes(name) || isExtendedResource(name);
}

export function isQuotaResource(name: string): boolean {
  return QUOTA.has(name) || isHugePages(name) || name.startsWith(`requests.${HUGE_PAGES}`);
}

/** Returns whether the name has the form of one. */
export function validateResourceName(errors: FieldErrors, name: string, path: string): boolean {
  const wrong = checkQualifiedName(name);
  errors.invalidEach(path, name, wrong);
  if (wrong.length > 0) return false;
  if (!name.includes('/') && name !== 'storage' && !isQuotaResource(name)) {
    errors.invalid(path, name, 'must be a standard resource type or fully qualified');
  }
  return true;
}

export function validateContainerResourceName(errors: FieldErrors, name: string, path: string): void {
  if (!validateResourceName(errors, name, path)) return;
  if (!name.includes('/')) {
    if (!CONTAINER.has(name) && !isHugePages(name)) {
      errors.invalid(path, name, 'must be a standard resource for containers');
    }
  } else if (!isNativeResource(name) && !isExtendedResource(name)) {
    errors.invalid(path, name, "doesn't follow extended resource name standard");
  }
}

export function validateQuotaResourceName(errors: FieldErrors, name: string, path: string): void {
  validateResourceName(errors, name, path);
  if (!name.includes('/') && !isQuotaResource(name)) {
    errors.invalid(path, name, 'must be a standard resource for quota');
  }
}
