/** Ingress: rules that lead hosts and paths to backends. */
import type { FieldError } from '../../errors.ts';
import {
  checkDnsLabel,
  checkDnsSubdomain,
  checkPathSegment,
  checkPortName,
  checkPortNumber,
  checkWildcardDnsSubdomain,
} from '../../machinery/names.ts';
import type { HTTPIngressPath, Ingress, IngressBackend, IngressRule } from '../../types/networking.v1.ts';
import type { TypedLocalObjectReference } from '../../types/core.v1.ts';
import { checkIP } from '../addresses.ts';
import { FieldErrors } from '../field-errors.ts';

const CLASS_ANNOTATION = 'kubernetes.io/ingress.class';
const PATH_TYPES = ['Exact', 'ImplementationSpecific', 'Prefix'];
const FORBIDDEN_IN_PATHS = ['//', '/./', '/../', '%2f', '%2F'];
const FORBIDDEN_ENDS = ['/..', '/.'];
const NOT_AN_IP = 'must be a DNS name, not an IP address';

export function validateIngress({ spec }: Ingress): FieldError[] {
  const errors = new FieldErrors();
  const { defaultBackend, rules = [], tls = [], ingressClassName } = spec;
  if (rules.length === 0 && !defaultBackend) {
    errors.invalid('spec', spec.rules, 'either `defaultBackend` or `rules` must be specified');
  }
  if (defaultBackend) validateBackend(errors, defaultBackend, 'spec.defaultBackend');
  rules.forEach((rule, index) => validateRule(errors, rule, `spec.rules[${index}]`));
  tls.forEach(({ hosts = [], secretName }, index) => {
    const at = `spec.tls[${index}]`;
    hosts.forEach((host, number) => validateHost(errors, host, `${at}.hosts[${number}]`));
    if (secretName) errors.check(`${at}.secretName`, secretName, checkDnsSubdomain);
  });
  if (ingressClassName !== undefined) errors.check('spec.ingressClassName', ingressClassName, checkDnsSubdomain);
  return errors.list;
}

/** The annotation is the older way to name the class; on a new object both must agree. */
export function validateNewIngress(ingress: Ingress): FieldError[] {
  const errors = new FieldErrors();
  const annotated = ingress.metadata.annotations?.[CLASS_ANNOTATION];
  const { ingressClassName } = ingress.spec;
  if (annotated !== undefined && ingressClassName !== undefined && annotated !== ingressClassName) {
    const detail = 'must match `ingressClassName` when both are specified';
    errors.invalid(`annotations.${CLASS_ANNOTATION}`, annotated, detail);
  }
  return errors.list;
}

export function validateIngressStatus({ status }: Ingress, previous: Ingress): FieldError[] {
  const errors = new FieldErrors();
  const before = new Set(previous.status.loadBalancer?.ingress?.map(({ ip }) => ip));
  status.loadBalancer?.ingress?.forEach(({ ip, hostname }, index) => {
    const at = `status.loadBalancer.ingress[${index}]`;
    if (ip && !before.has(ip)) errors.check(`${at}.ip`, ip, checkIP);
    if (!hostname) return;
    errors.check(`${at}.hostname`, hostname, checkDnsSubdomain);
    if (checkIP(hostname).length === 0) errors.invalid(`${at}.hostname`, hostname, NOT_AN_IP);
  });
  return errors.list;
}

function validateRule(errors: FieldErrors, { host, http }: IngressRule, path: string): void {
  if (host) {
    if (checkIP(host).length === 0) errors.invalid(`${path}.host`, host, NOT_AN_IP);
    validateHost(errors, host, `${path}.host`);
  }
  if (!http) return;
  if (!http.paths?.length) errors.required(`${path}.http.paths`);
  http.paths?.forEach((each, index) => validatePath(errors, each, `${path}.http.paths[${index}]`));
}

function validateHost(errors: FieldErrors, host: string, path: string): void {
  errors.check(path, host, host.includes('*') ? checkWildcardDnsSubdomain : checkDnsSubdomain);
}

function validatePath(errors: FieldErrors, { path = '', pathType, backend }: HTTPIngressPath, at: string): void {
  if (pathType === undefined) {
    errors.required(`${at}.pathType`, 'pathType must be specified');
    return;
  }
  if (!PATH_TYPES.includes(pathType)) errors.notSupported(`${at}.pathType`, pathType, PATH_TYPES);
  else if (pathType !== 'ImplementationSpecific') validateExactPath(errors, path, `${at}.path`);
  else if (path !== '' && !path.startsWith('/')) errors.invalid(`${at}.path`, path, 'must be an absolute path');
  validateBackend(errors, backend ?? {}, `${at}.backend`);
}

function validateExactPath(errors: FieldErrors, path: string, at: string): void {
  if (!path.startsWith('/')) errors.invalid(at, path, 'must be an absolute path');
  for (const part of FORBIDDEN_IN_PATHS)
    if (path.includes(part)) errors.invalid(at, path, `must not contain '${part}'`);
  for (const end of FORBIDDEN_ENDS) if (path.endsWith(end)) errors.invalid(at, path, `cannot end with '${end}'`);
}

function validateBackend(errors: FieldErrors, { service, resource }: IngressBackend, path: string): void {
  if (resource && service) {
    errors.invalid(path, '', 'cannot set both resource and service backends');
  } else if (resource) {
    validateReference(errors, resource, `${path}.resource`);
  } else if (service) {
    if (!service.name) errors.required(`${path}.service.name`);
    else errors.check(`${path}.service.name`, service.name, checkDnsLabel);
    const { name, number } = service.port ?? {};
    if (name && number) errors.invalid(path, '', 'cannot set both port name & port number');
    else if (name) errors.check(`${path}.service.port.name`, name, checkPortName);
    else if (number) errors.check(`${path}.service.port.number`, number, checkPortNumber);
    else errors.required(path, 'port name or number is required');
  } else {
    errors.invalid(path, '', 'resource or service backend is required');
  }
}

/** A reference to an object of some kind, as backends and parameters of classes hold it. */
export function validateReference(
  errors: FieldErrors,
  { apiGroup, kind, name }: TypedLocalObjectReference,
  path: string,
): void {
  if (apiGroup !== undefined) errors.check(`${path}.apiGroup`, apiGroup, checkDnsSubdomain);
  if (!kind) errors.required(`${path}.kind`);
  else errors.check(`${path}.kind`, kind, checkPathSegment);
  if (!name) errors.required(`${path}.name`);
  else errors.check(`${path}.name`, name, checkPathSegment);
}
