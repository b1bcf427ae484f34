/** Cluster addresses of a service and their families (Kubernetes `ValidateServiceClusterIPsRelatedFields`). */
import type { ServiceSpec } from '../types/core.v1.ts';
import { checkIP, isIPv6 } from './addresses.ts';
import type { FieldErrors } from './field-errors.ts';

/** What a service that has no address of its own says instead. */
export const HEADLESS = 'None';
const FAMILIES = ['IPv4', 'IPv6'];
const POLICIES = ['PreferDualStack', 'RequireDualStack', 'SingleStack'];
const PATH = 'spec.clusterIPs';
const LASTING = 'may not change once set';

/** One that is ExternalName has none, which is told of elsewhere. */
export function validateClusterIPs(errors: FieldErrors, spec: ServiceSpec): void {
  if (spec.type === 'ExternalName') return;
  const { clusterIP = '', clusterIPs = [], ipFamilyPolicy } = spec;
  if (clusterIP !== '' && clusterIPs.length === 0) errors.required(PATH);
  else if (clusterIP !== '' && clusterIPs[0] !== clusterIP) {
    errors.invalid(PATH, clusterIPs, 'first value must match `clusterIP`');
  } else if (clusterIP === '' && clusterIPs.length > 0) {
    errors.invalid(PATH, clusterIPs, 'must be empty when `clusterIP` is not specified');
  }
  validateFamilies(errors, spec.ipFamilies ?? []);
  if (ipFamilyPolicy !== undefined && !POLICIES.includes(ipFamilyPolicy)) {
    errors.notSupported('spec.ipFamilyPolicy', ipFamilyPolicy, POLICIES);
  }
  if (validateAddresses(errors, clusterIPs)) validatePairs(errors, spec);
  validateOffered(errors, spec);
}

function validateFamilies(errors: FieldErrors, families: readonly string[]): void {
  families.forEach((family, index) => {
    const at = `spec.ipFamilies[${index}]`;
    if (!FAMILIES.includes(family)) errors.notSupported(at, family, FAMILIES);
    if (families.indexOf(family) < index) errors.duplicate(at, family);
  });
}

/** Returns whether all are addresses, so that more can be said of them. */
function validateAddresses(errors: FieldErrors, addresses: readonly string[]): boolean {
  const before = errors.list.length;
  if (addresses[0] === HEADLESS && addresses.length > 1) {
    errors.invalid(PATH, addresses, "'None' must be the first and only value");
  }
  addresses.forEach((address, index) => {
    if (index > 0 || address !== HEADLESS) errors.check(`${PATH}[${index}]`, address, checkIP);
  });
  const areAddresses = errors.list.length === before;
  if (addresses.length > 2) errors.invalid(PATH, addresses, 'may only hold up to 2 values');
  return areAddresses;
}

function validatePairs(errors: FieldErrors, { clusterIPs = [], ipFamilies = [] }: ServiceSpec): void {
  const sixes = clusterIPs.filter(isIPv6).length;
  if (clusterIPs.length > 1 && (sixes === 0 || sixes === clusterIPs.length)) {
    errors.invalid(PATH, clusterIPs, 'may specify no more than one IP for each IP family');
  }
  if (clusterIPs[0] === HEADLESS) return;
  clusterIPs.forEach((address, index) => {
    const family = ipFamilies[index];
    if (family === undefined || (family === 'IPv6') === isIPv6(address) || !FAMILIES.includes(family)) return;
    const detail = `expected an ${family} value as indicated by \`ipFamilies[${index}]\``;
    errors.invalid(`${PATH}[${index}]`, address, detail);
  });
}

/** What this cluster has no addresses for. */
function validateOffered(errors: FieldErrors, spec: ServiceSpec): void {
  const { clusterIPs = [], ipFamilies = [], ipFamilyPolicy } = spec;
  if (ipFamilyPolicy === 'RequireDualStack') {
    errors.invalid('spec.ipFamilyPolicy', ipFamilyPolicy, 'this cluster is not configured for dual-stack services');
  }
  if (ipFamilies.includes('IPv6') || clusterIPs.some(isIPv6)) {
    const index = Math.max(0, ipFamilies.indexOf('IPv6'));
    errors.invalid(`spec.ipFamilies[${index}]`, 'IPv6', 'not configured on this cluster');
  }
}

/** Addresses and families stay, unless the service has or had none of its own. */
export function validateKeptAddresses(errors: FieldErrors, next: ServiceSpec, previous: ServiceSpec): void {
  if (next.type === 'ExternalName' || previous.type === 'ExternalName') return;
  const [now, before] = [next.clusterIPs ?? [], previous.clusterIPs ?? []];
  const isHeadless = now[0] === HEADLESS;
  const wasHeadless = before[0] === HEADLESS;
  if (isHeadless && wasHeadless) return;
  validateKept(errors, now, before);
  if (before.length > 1 && now.length === 1 && next.ipFamilyPolicy !== 'SingleStack') {
    const detail = "must be set to 'SingleStack' when releasing the secondary clusterIP";
    errors.invalid('spec.ipFamilyPolicy', next.ipFamilyPolicy, detail);
  }
  const families = previous.ipFamilies ?? [];
  if (isHeadless || wasHeadless || families.length === 0 || next.ipFamilies?.[0] === families[0]) return;
  errors.invalid('spec.ipFamilies[0]', next.ipFamilies, LASTING);
}

/** The first of them stays; the second may come and go. */
function validateKept(errors: FieldErrors, now: readonly string[], before: readonly string[]): void {
  if (now.length === 0 && before.length > 0) {
    errors.invalid(`${PATH}[0]`, now, 'primary clusterIP can not be unset');
    return;
  }
  const kept = now.length === before.length ? before : before.slice(0, 1);
  kept.forEach((address, index) => {
    if (address !== now[index]) errors.invalid(`${PATH}[${index}]`, now, LASTING);
  });
}
