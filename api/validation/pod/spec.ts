/** The specification of a pod, alone or in a template (Kubernetes `ValidatePodSpec`). */
import { checkDnsLabel, checkDnsSubdomain, checkQualifiedName, rangeMessage } from '../../machinery/names.ts';
import type { HostAlias, Pod, PodSpec, PodTemplateSpec, Sysctl } from '../../types/core.v1.ts';
import type { FieldError } from '../../errors.ts';
import { checkIP } from '../addresses.ts';
import { FieldErrors } from '../field-errors.ts';
import { validateAnnotations, validateLabels } from '../metadata.ts';
import { validateContainers, validateId, validateImage } from './containers.ts';
import { validateScheduling } from './scheduling.ts';
import { refuseUnsupported } from './unsupported.ts';
import { validateVolumes } from './volumes.ts';

const DNS_POLICIES = ['ClusterFirstWithHostNet', 'ClusterFirst', 'Default', 'None'];
const MAX_INT32 = 2 ** 31 - 1;
const MAX_NAMESERVERS = 3;
const MAX_SEARCHES = 32;
const MAX_SEARCH_CHARACTERS = 2048;
const MAX_SYSCTL_NAME = 253;
const SYSCTL_SEGMENT = '[a-z0-9]([-_a-z0-9]*[a-z0-9])?';
const SYSCTL_FORMAT = `(${SYSCTL_SEGMENT}[\\./])*${SYSCTL_SEGMENT}`;
const SYSCTL_NAME = new RegExp(`^${SYSCTL_FORMAT}$`);

export function validatePod(pod: Pod): FieldError[] {
  const errors = new FieldErrors();
  validatePodSpec(errors, pod.spec, 'spec');
  for (const list of ['containers', 'initContainers'] as const) {
    pod.spec[list]?.forEach((container, index) => validateImage(errors, container, `spec.${list}[${index}]`));
  }
  if (pod.spec.ephemeralContainers?.length) {
    errors.forbidden('spec.ephemeralContainers', 'cannot be set on create');
  }
  refuseUnsupported(errors, pod.spec, 'spec');
  return errors.list;
}

export function validatePodTemplate(errors: FieldErrors, template: PodTemplateSpec, path: string): void {
  validateLabels(errors, template.metadata?.labels, `${path}.labels`);
  validateAnnotations(errors, template.metadata?.annotations, `${path}.annotations`);
  validatePodSpec(errors, template.spec, `${path}.spec`);
  if (template.spec.ephemeralContainers?.length) {
    errors.forbidden(`${path}.spec.ephemeralContainers`, 'ephemeral containers not allowed in pod template');
  }
}

function validatePodSpec(errors: FieldErrors, spec: PodSpec, path: string): void {
  validateVolumes(errors, spec.volumes, `${path}.volumes`);
  validateContainers(errors, spec, path);
  errors.oneOf(`${path}.restartPolicy`, spec.restartPolicy, ['Always', 'OnFailure', 'Never']);
  validateDns(errors, spec, path);
  validateScheduling(errors, spec, path);
  validateTimes(errors, spec, path);
  validateNames(errors, spec, path);
  validatePodSecurity(errors, spec, path);
  validateHostAliases(errors, spec.hostAliases ?? [], `${path}.hostAliases`);
  spec.readinessGates?.forEach(({ conditionType }, index) => {
    errors.check(`${path}.readinessGates[${index}].conditionType`, conditionType, checkQualifiedName);
  });
  validateGates(errors, spec, path);
}

function validateGates(errors: FieldErrors, { schedulingGates = [], nodeName }: PodSpec, path: string): void {
  const names = new Set<string>();
  schedulingGates.forEach(({ name }, index) => {
    const at = `${path}.schedulingGates[${index}]`;
    errors.check(at, name, checkQualifiedName);
    if (names.has(name)) errors.duplicate(at, name);
    names.add(name);
  });
  if (nodeName && schedulingGates.length > 0) {
    errors.forbidden(`${path}.nodeName`, 'cannot be set until all schedulingGates have been cleared');
  }
}

function validateTimes(errors: FieldErrors, spec: PodSpec, path: string): void {
  const deadline = spec.activeDeadlineSeconds;
  if (deadline !== undefined && (deadline < 1 || deadline > MAX_INT32)) {
    errors.invalid(`${path}.activeDeadlineSeconds`, deadline, rangeMessage(1, MAX_INT32));
  }
}

function validateNames(errors: FieldErrors, spec: PodSpec, path: string): void {
  const subdomains = ['nodeName', 'serviceAccountName', 'priorityClassName', 'runtimeClassName'] as const;
  for (const field of subdomains) {
    const value = spec[field];
    if (value) errors.check(`${path}.${field}`, value, checkDnsSubdomain);
  }
  for (const field of ['hostname', 'subdomain'] as const) {
    const value = spec[field];
    if (value) errors.check(`${path}.${field}`, value, checkDnsLabel);
  }
}

function validatePodSecurity(errors: FieldErrors, spec: PodSpec, path: string): void {
  const context = spec.securityContext ?? {};
  const at = `${path}.securityContext`;
  validateId(errors, context.runAsUser, `${at}.runAsUser`);
  validateId(errors, context.runAsGroup, `${at}.runAsGroup`);
  validateId(errors, context.fsGroup, `${at}.fsGroup`);
  context.supplementalGroups?.forEach((id, index) => validateId(errors, id, `${at}.supplementalGroups[${index}]`));
  validateSysctls(errors, context.sysctls ?? [], `${at}.sysctls`);
  if (spec.hostPID && spec.shareProcessNamespace) {
    errors.invalid(`${path}.shareProcessNamespace`, true, 'ShareProcessNamespace and HostPID cannot both be enabled');
  }
  if (spec.hostUsers !== false) return;
  for (const field of ['hostNetwork', 'hostPID', 'hostIPC'] as const) {
    if (spec[field]) errors.forbidden(`${path}.${field}`, 'when `hostUsers` is false');
  }
}

function validateSysctls(errors: FieldErrors, sysctls: readonly Sysctl[], path: string): void {
  const names = new Set<string>();
  sysctls.forEach(({ name }, index) => {
    const at = `${path}[${index}].name`;
    if (!name) errors.required(at);
    else if (name.length > MAX_SYSCTL_NAME || !SYSCTL_NAME.test(name)) {
      const detail = `must have at most ${MAX_SYSCTL_NAME} characters and match regex ${SYSCTL_FORMAT}`;
      errors.invalid(at, name, detail);
    } else if (names.has(name)) errors.duplicate(at, name);
    names.add(name);
  });
}

function validateDns(errors: FieldErrors, spec: PodSpec, path: string): void {
  errors.oneOf(`${path}.dnsPolicy`, spec.dnsPolicy, DNS_POLICIES);
  const { nameservers = [], searches = [], options = [] } = spec.dnsConfig ?? {};
  const at = `${path}.dnsConfig`;
  if (spec.dnsPolicy === 'None' && nameservers.length === 0) {
    errors.required(`${at}.nameservers`, 'must provide at least one DNS nameserver when `dnsPolicy` is None');
  }
  if (nameservers.length > MAX_NAMESERVERS) {
    errors.invalid(`${at}.nameservers`, nameservers, `must not have more than ${MAX_NAMESERVERS} nameservers`);
  }
  nameservers.forEach((address, index) => errors.check(`${at}.nameservers[${index}]`, address, checkIP));
  if (searches.length > MAX_SEARCHES) {
    errors.invalid(`${at}.searches`, searches, `must not have more than ${MAX_SEARCHES} search paths`);
  }
  if (searches.join(' ').length > MAX_SEARCH_CHARACTERS) {
    const detail = `must not have more than ${MAX_SEARCH_CHARACTERS} characters (including spaces) in the search list`;
    errors.invalid(`${at}.searches`, searches, detail);
  }
  searches.forEach((search, index) => validateSearch(errors, search, `${at}.searches[${index}]`));
  options.forEach(({ name }, index) => {
    if (!name) errors.required(`${at}.options[${index}]`, 'must not be empty');
  });
}

function validateSearch(errors: FieldErrors, search: string, path: string): void {
  if (search === '.') return;
  const domain = search.endsWith('.') ? search.slice(0, -1) : search;
  errors.invalidEach(path, search, checkDnsSubdomain(domain.replaceAll('_', 'x')));
}

function validateHostAliases(errors: FieldErrors, aliases: readonly HostAlias[], path: string): void {
  aliases.forEach(({ ip, hostnames = [] }, index) => {
    errors.invalidEach(`${path}[${index}].ip`, ip ?? '', checkIP(ip ?? ''));
    hostnames.forEach((hostname, at) => {
      errors.check(`${path}[${index}].hostnames[${at}]`, hostname, checkDnsSubdomain);
    });
  });
}
