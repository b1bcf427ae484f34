/** Service (Kubernetes `ValidateService`); what concerns free addresses and ports is the allocator's. */
import { isExternallyAccessible } from '../defaults/service.ts';
import type { FieldError } from '../errors.ts';
import {
  checkDnsLabel,
  checkDnsSubdomain,
  checkPortNumber,
  checkQualifiedName,
  rangeMessage,
} from '../machinery/names.ts';
import type { Service, ServicePort, ServiceSpec } from '../types/core.v1.ts';
import { checkCidr, checkIP, checkNonSpecialIP, isIPv6 } from './addresses.ts';
import { FieldErrors } from './field-errors.ts';
import { validateLabels } from './metadata.ts';
import { PROTOCOLS } from './pod/containers.ts';
import { validatePort } from './pod/probes.ts';

export const HEADLESS = 'None';
const TYPES = ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort'];
const MAX_AFFINITY_SECONDS = 86_400;

export function validateService({ spec }: Service): FieldError[] {
  const errors = new FieldErrors();
  errors.oneOf('spec.type', spec.type, TYPES);
  validateType(errors, spec);
  validatePorts(errors, spec);
  validateLabels(errors, spec.selector, 'spec.selector');
  validateAffinity(errors, spec);
  validateAddresses(errors, spec);
  validatePolicies(errors, spec);
  validateClusterIPs(errors, spec);
  return errors.list;
}

/** The addresses of a service stay, but for a change of its type to or from ExternalName. */
export function validateServiceUpdate(next: Service, previous: Service): FieldError[] {
  const errors = new FieldErrors();
  const [now] = next.spec.clusterIPs ?? [];
  const [before] = previous.spec.clusterIPs ?? [];
  const isExternal = next.spec.type === 'ExternalName' || previous.spec.type === 'ExternalName';
  if (!isExternal && before !== undefined && now !== before) {
    errors.invalid('spec.clusterIPs[0]', next.spec.clusterIPs, 'may not change once set');
  }
  if (previous.spec.type === 'LoadBalancer' && next.spec.type === 'LoadBalancer') {
    const same = next.spec.loadBalancerClass === previous.spec.loadBalancerClass;
    if (!same) errors.invalid('spec.loadBalancerClass', next.spec.loadBalancerClass, 'may not change once set');
  }
  return errors.list;
}

/** What nodes take for addresses of the service must be addresses. */
export function validateServiceStatus({ spec, status }: Service): FieldError[] {
  const errors = new FieldErrors();
  const path = 'status.loadBalancer.ingress';
  const points = status.loadBalancer?.ingress ?? [];
  if (points.length > 0 && spec.type !== 'LoadBalancer') {
    errors.forbidden(path, 'may only be used when `spec.type` is "LoadBalancer"');
  }
  points.forEach(({ ip, ipMode, hostname }, index) => {
    const at = `${path}[${index}]`;
    if (ip) {
      errors.check(`${at}.ip`, ip, checkIP);
      if (ipMode === undefined) errors.required(`${at}.ipMode`, 'must be specified when `ip` is set');
    } else if (ipMode !== undefined) {
      errors.forbidden(`${at}.ipMode`, 'may not be specified when `ip` is not set');
    }
    if (ipMode !== undefined && ip) errors.oneOf(`${at}.ipMode`, ipMode, ['Proxy', 'VIP']);
    if (!hostname) return;
    errors.check(`${at}.hostname`, hostname, checkDnsSubdomain);
    if (checkIP(hostname).length === 0) {
      errors.invalid(`${at}.hostname`, hostname, 'must be a DNS name, not an IP address');
    }
  });
  return errors.list;
}

function validateType(errors: FieldErrors, spec: ServiceSpec): void {
  const [address] = spec.clusterIPs ?? [];
  const headless = address === HEADLESS;
  if (spec.type === 'ExternalName') {
    const { externalName = '' } = spec;
    if (spec.clusterIPs?.length) errors.forbidden('spec.clusterIPs', 'may not be set for ExternalName services');
    const name = externalName.endsWith('.') ? externalName.slice(0, -1) : externalName;
    if (name === '') errors.required('spec.externalName');
    else errors.invalidEach('spec.externalName', externalName, checkDnsSubdomain(name));
    return;
  }
  if (headless && (spec.type === 'NodePort' || spec.type === 'LoadBalancer')) {
    errors.invalid('spec.clusterIPs[0]', address, `may not be set to 'None' for ${spec.type} services`);
  }
  if (!headless && !spec.ports?.length) errors.required('spec.ports');
}

function validatePorts(errors: FieldErrors, spec: ServiceSpec): void {
  const names = new Set<string>();
  const pairs = new Set<string>();
  const nodePorts = new Set<string>();
  const ports = spec.ports ?? [];
  ports.forEach((port, index) => {
    const at = `spec.ports[${index}]`;
    validateServicePort(errors, port, ports.length > 1, at);
    if (port.name && names.has(port.name)) errors.duplicate(`${at}.name`, port.name);
    names.add(port.name ?? '');
    const pair = `${port.protocol}/${port.port}`;
    if (pairs.has(pair)) errors.duplicate(at, { protocol: port.protocol, port: port.port });
    pairs.add(pair);
    validateNodePort(errors, port, spec.type, nodePorts, at);
  });
}

function validateServicePort(errors: FieldErrors, port: ServicePort, needsName: boolean, path: string): void {
  if (!port.name) {
    if (needsName) errors.required(`${path}.name`);
  } else {
    errors.check(`${path}.name`, port.name, checkDnsLabel);
  }
  errors.invalidEach(`${path}.port`, port.port ?? 0, checkPortNumber(port.port ?? 0));
  errors.oneOf(`${path}.protocol`, port.protocol, PROTOCOLS);
  validatePort(errors, port.targetPort, `${path}.targetPort`);
  if (port.appProtocol !== undefined) {
    errors.check(`${path}.appProtocol`, port.appProtocol, checkQualifiedName);
  }
}

function validateNodePort(
  errors: FieldErrors,
  { nodePort, protocol }: ServicePort,
  type: string | undefined,
  taken: Set<string>,
  path: string,
): void {
  if (!nodePort) return;
  if (type === 'ClusterIP' || type === 'ExternalName') {
    errors.forbidden(`${path}.nodePort`, `may not be used when \`type\` is '${type}'`);
    return;
  }
  errors.check(`${path}.nodePort`, nodePort, checkPortNumber);
  const key = `${protocol}/${nodePort}`;
  if (taken.has(key)) errors.duplicate(`${path}.nodePort`, nodePort);
  taken.add(key);
}

function validateAffinity(errors: FieldErrors, { sessionAffinity, sessionAffinityConfig }: ServiceSpec): void {
  errors.oneOf('spec.sessionAffinity', sessionAffinity, ['ClientIP', 'None']);
  const path = 'spec.sessionAffinityConfig';
  if (sessionAffinity === 'None' && sessionAffinityConfig) {
    errors.forbidden(path, 'must not be set when session affinity is None');
  }
  const seconds = sessionAffinityConfig?.clientIP?.timeoutSeconds;
  if (sessionAffinity === 'ClientIP' && seconds !== undefined && (seconds <= 0 || seconds > MAX_AFFINITY_SECONDS)) {
    const detail = `must be greater than 0 and less than ${MAX_AFFINITY_SECONDS}`;
    errors.invalid(`${path}.clientIP.timeoutSeconds`, seconds, detail);
  }
}

function validateAddresses(errors: FieldErrors, spec: ServiceSpec): void {
  spec.externalIPs?.forEach((address, index) => {
    errors.check(`spec.externalIPs[${index}]`, address, checkNonSpecialIP);
  });
  if (!spec.loadBalancerSourceRanges?.length) return;
  if (spec.type !== 'LoadBalancer') {
    errors.forbidden('spec.loadBalancerSourceRanges', "may only be used when `type` is 'LoadBalancer'");
  }
  spec.loadBalancerSourceRanges.forEach((range, index) => {
    errors.invalidEach(`spec.loadBalancerSourceRanges[${index}]`, range, checkCidr(range.trim()));
  });
}

function validatePolicies(errors: FieldErrors, spec: ServiceSpec): void {
  const { externalTrafficPolicy, internalTrafficPolicy, trafficDistribution, type } = spec;
  if (!isExternallyAccessible(spec)) {
    if (externalTrafficPolicy) {
      errors.invalid(
        'spec.externalTrafficPolicy',
        externalTrafficPolicy,
        'may only be set for externally-accessible services',
      );
    }
  } else {
    errors.oneOf('spec.externalTrafficPolicy', externalTrafficPolicy, ['Cluster', 'Local']);
  }
  if (type !== 'ExternalName') errors.oneOf('spec.internalTrafficPolicy', internalTrafficPolicy, ['Cluster', 'Local']);
  if (trafficDistribution !== undefined) {
    errors.oneOf('spec.trafficDistribution', trafficDistribution, ['PreferClose', 'PreferSameZone', 'PreferSameNode']);
  }
  if (type !== 'LoadBalancer' && spec.loadBalancerClass !== undefined) {
    errors.forbidden('spec.loadBalancerClass', "may only be used when `type` is 'LoadBalancer'");
  }
  const health = spec.healthCheckNodePort;
  if (!health) return;
  if (type !== 'LoadBalancer' || externalTrafficPolicy !== 'Local') {
    const detail = "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'";
    errors.invalid('spec.healthCheckNodePort', health, detail);
  } else if (health < 0 || health > 65_535) {
    errors.invalid('spec.healthCheckNodePort', health, rangeMessage(1, 65_535));
  }
}

function validateClusterIPs(errors: FieldErrors, spec: ServiceSpec): void {
  const { clusterIP, clusterIPs = [], ipFamilyPolicy, ipFamilies = [], type } = spec;
  if (clusterIP && clusterIPs.length > 0 && clusterIPs[0] !== clusterIP) {
    errors.invalid('spec.clusterIPs', clusterIPs, 'first value must match `clusterIP`');
  }
  if (clusterIPs.includes(HEADLESS) && clusterIPs.length > 1) {
    errors.invalid('spec.clusterIPs', clusterIPs, "'None' must be the first and only value");
  }
  if (clusterIPs.length > 2) errors.invalid('spec.clusterIPs', clusterIPs, 'may only hold up to 2 values');
  clusterIPs.forEach((address, index) => {
    if (address !== HEADLESS) errors.check(`spec.clusterIPs[${index}]`, address, checkIP);
  });
  if (type === 'ExternalName') return;
  if (ipFamilyPolicy !== undefined) {
    errors.oneOf('spec.ipFamilyPolicy', ipFamilyPolicy, ['PreferDualStack', 'RequireDualStack', 'SingleStack']);
  }
  if (ipFamilyPolicy === 'RequireDualStack') {
    const detail = 'this cluster is not configured for dual-stack services';
    errors.invalid('spec.ipFamilyPolicy', ipFamilyPolicy, detail);
  }
  if (ipFamilies.includes('IPv6') || clusterIPs.some(isIPv6)) {
    const index = Math.max(0, ipFamilies.indexOf('IPv6'));
    errors.invalid(`spec.ipFamilies[${index}]`, 'IPv6', 'not configured on this cluster');
  }
}

/** Cluster addresses the service holds. */
export function clusterAddressesOf({ type, clusterIPs = [] }: ServiceSpec): string[] {
  return type === 'ExternalName' ? [] : clusterIPs.filter((address) => address !== HEADLESS && address !== '');
}

/** Node ports the service holds, as numbers; one number serves several protocols. */
export function nodePortsOf({ ports = [], healthCheckNodePort }: ServiceSpec): number[] {
  const all = [...ports.map(({ nodePort }) => nodePort), healthCheckNodePort];
  return [...new Set(all.filter((port): port is number => port !== undefined && port > 0))];
}
