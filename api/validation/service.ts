/** Service (Kubernetes `ValidateService`); what concerns free addresses and ports is the allocator's. */
import { isExternallyAccessible } from '../defaults/service.ts';
import type { FieldError } from '../errors.ts';
import { checkDnsLabel, checkDnsSubdomain, checkPortNumber, checkQualifiedName } from '../machinery/names.ts';
import type { LoadBalancerIngress, Service, ServicePort, ServiceSpec } from '../types/core.v1.ts';
import { checkCidr, checkIP, checkNonSpecialIP } from './addresses.ts';
import { FieldErrors } from './field-errors.ts';
import { validateLabels } from './metadata.ts';
import { PROTOCOLS } from './pod/containers.ts';
import { validatePort } from './pod/probes.ts';
import { HEADLESS, validateClusterIPs, validateKeptAddresses } from './service-addresses.ts';

const TYPES = ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort'];
const DISTRIBUTIONS = ['PreferClose', 'PreferSameZone', 'PreferSameNode'];
const MAX_AFFINITY_SECONDS = 86_400;
const OLD_HINTS = 'service.kubernetes.io/topology-aware-hints';
const HINTS = 'service.kubernetes.io/topology-mode';
const OLD_RANGES = 'service.beta.kubernetes.io/load-balancer-source-ranges';
const ONLY_BALANCED = "may only be used when `type` is 'LoadBalancer'";
const LASTING = 'may not change once set';

/** `previous` is what the service was, if it is not new. */
export function validateService(service: Service, previous?: Service): FieldError[] {
  const errors = new FieldErrors();
  const { spec } = service;
  validateHints(errors, service);
  validateType(errors, spec);
  validatePorts(errors, spec.ports ?? []);
  validateLabels(errors, spec.selector, 'spec.selector');
  validateAffinity(errors, spec);
  validateClusterIPs(errors, spec);
  spec.externalIPs?.forEach((address, index) => {
    errors.check(`spec.externalIPs[${index}]`, address, checkIP(address).length > 0 ? checkIP : checkNonSpecialIP);
  });
  errors.oneOf('spec.type', spec.type, TYPES);
  validateUniquePorts(errors, spec);
  validateSourceRanges(errors, service, previous);
  validateBalancing(errors, spec);
  validatePolicies(errors, spec);
  return errors.list;
}

/** The addresses of a service stay, but for a change of its type to or from ExternalName. */
export function validateServiceUpdate(next: Service, previous: Service): FieldError[] {
  const errors = new FieldErrors();
  validateKeptAddresses(errors, next.spec, previous.spec);
  const { loadBalancerClass, healthCheckNodePort } = next.spec;
  const isBalanced = next.spec.type === 'LoadBalancer' && previous.spec.type === 'LoadBalancer';
  if (isBalanced && loadBalancerClass !== previous.spec.loadBalancerClass) {
    errors.invalid('spec.loadBalancerClass', loadBalancerClass, LASTING);
  }
  const isProbed = needsHealthPort(next.spec) && needsHealthPort(previous.spec);
  if (isProbed && healthCheckNodePort !== previous.spec.healthCheckNodePort) {
    errors.forbidden('spec.healthCheckNodePort', 'field is immutable');
  }
  return [...errors.list, ...validateService(next, previous)];
}

/** Whether a load balancer asks the nodes which of them have pods of the service. */
export function needsHealthPort({ type, externalTrafficPolicy }: ServiceSpec): boolean {
  return type === 'LoadBalancer' && externalTrafficPolicy === 'Local';
}

/** What nodes take for addresses of the service must be addresses. */
export function validateServiceStatus({ spec, status }: Service): FieldError[] {
  const errors = new FieldErrors();
  const path = 'status.loadBalancer.ingress';
  const points = status.loadBalancer?.ingress ?? [];
  if (points.length > 0 && spec.type !== 'LoadBalancer') {
    errors.forbidden(path, "may only be used when `spec.type` is 'LoadBalancer'");
  } else points.forEach((point, index) => validatePoint(errors, point, `${path}[${index}]`));
  return errors.list;
}

function validatePoint(errors: FieldErrors, { ip, ipMode, hostname }: LoadBalancerIngress, path: string): void {
  if (ip) {
    errors.check(`${path}.ip`, ip, checkIP);
    if (ipMode === undefined) errors.required(`${path}.ipMode`, 'must be specified when `ip` is set');
  } else if (ipMode !== undefined) {
    errors.forbidden(`${path}.ipMode`, 'may not be specified when `ip` is not set');
  }
  if (ipMode !== undefined && ip) errors.oneOf(`${path}.ipMode`, ipMode, ['Proxy', 'VIP']);
  if (!hostname) return;
  errors.check(`${path}.hostname`, hostname, checkDnsSubdomain);
  if (checkIP(hostname).length === 0) {
    errors.invalid(`${path}.hostname`, hostname, 'must be a DNS name, not an IP address');
  }
}

function validateHints(errors: FieldErrors, { metadata: { annotations = {} } }: Service): void {
  const [mode, former] = [annotations[HINTS], annotations[OLD_HINTS]];
  if (mode === undefined || former === undefined || mode === former) return;
  const detail = `must match annotations[${OLD_HINTS}] when both are specified`;
  errors.invalid(`metadata.annotations[${HINTS}]`, mode, detail);
}

function validateType(errors: FieldErrors, spec: ServiceSpec): void {
  const { type, clusterIPs = [] } = spec;
  const isHeadless = clusterIPs.length === 1 && clusterIPs[0] === HEADLESS;
  if (!spec.ports?.length && !isHeadless && type !== 'ExternalName') errors.required('spec.ports');
  if (isHeadless && (type === 'NodePort' || type === 'LoadBalancer')) {
    errors.invalid('spec.clusterIPs[0]', clusterIPs[0], `may not be set to 'None' for ${type} services`);
  }
  if (type !== 'ExternalName') return;
  const isSet = {
    clusterIPs: clusterIPs.length,
    ipFamilies: spec.ipFamilies?.length,
    ipFamilyPolicy: spec.ipFamilyPolicy,
  };
  for (const [field, value] of Object.entries(isSet)) {
    if (value) errors.forbidden(`spec.${field}`, 'may not be set for ExternalName services');
  }
  const name = spec.externalName?.replace(/\.$/, '') ?? '';
  if (name === '') errors.required('spec.externalName');
  else errors.check('spec.externalName', name, checkDnsSubdomain);
}

function validatePorts(errors: FieldErrors, ports: readonly ServicePort[]): void {
  const names = new Set<string>();
  ports.forEach((port, index) => {
    const at = `spec.ports[${index}]`;
    validateServicePort(errors, port, ports.length > 1, at);
    if (port.name && names.has(port.name)) errors.duplicate(`${at}.name`, port.name);
    names.add(port.name ?? '');
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

/** A port of each protocol once; whether a node port is one is for the range to say that it is taken from. */
function validateUniquePorts(errors: FieldErrors, { type, ports = [] }: ServiceSpec): void {
  const at = (index: number): string => `spec.ports[${index}]`;
  if (type === 'ClusterIP') {
    ports.forEach(({ nodePort }, index) => {
      if (nodePort) errors.forbidden(`${at(index)}.nodePort`, "may not be used when `type` is 'ClusterIP'");
    });
  }
  const taken = new Set<string>();
  ports.forEach(({ protocol, nodePort }, index) => {
    if (!nodePort) return;
    if (taken.has(`${protocol}/${nodePort}`)) errors.duplicate(`${at(index)}.nodePort`, nodePort);
    taken.add(`${protocol}/${nodePort}`);
  });
  const pairs = new Set<string>();
  ports.forEach(({ protocol, port }, index) => {
    if (pairs.has(`${protocol}/${port}`)) errors.duplicate(at(index), { protocol, port });
    pairs.add(`${protocol}/${port}`);
  });
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

/** In the field, or in the annotation that was there before it. */
function validateSourceRanges(errors: FieldErrors, { metadata, spec }: Service, previous: Service | undefined): void {
  const { type, loadBalancerSourceRanges: ranges = [] } = spec;
  if (ranges.length > 0) {
    // Kubernetes writes it with a capital here, and clients may have learnt to.
    const path = 'spec.LoadBalancerSourceRanges';
    if (type !== 'LoadBalancer') errors.forbidden(path, ONLY_BALANCED);
    ranges.forEach((range, index) => errors.check(`${path}[${index}]`, range.trim(), checkCidr));
    return;
  }
  const annotated = metadata.annotations?.[OLD_RANGES];
  if (annotated === undefined) return;
  const path = `metadata.annotations[${OLD_RANGES}]`;
  if (type !== 'LoadBalancer') errors.forbidden(path, ONLY_BALANCED);
  if (annotated.trim() === '' || annotated === previous?.metadata.annotations?.[OLD_RANGES]) return;
  for (const range of annotated.split(',')) errors.check(path, range.trim(), checkCidr);
}

function validateBalancing(errors: FieldErrors, spec: ServiceSpec): void {
  const { type, loadBalancerClass, allocateLoadBalancerNodePorts } = spec;
  if (type === 'LoadBalancer') {
    if (loadBalancerClass !== undefined) errors.check('spec.loadBalancerClass', loadBalancerClass, checkQualifiedName);
    return;
  }
  if (allocateLoadBalancerNodePorts !== undefined) {
    errors.forbidden('spec.allocateLoadBalancerNodePorts', ONLY_BALANCED);
  }
  if (loadBalancerClass !== undefined) errors.forbidden('spec.loadBalancerClass', ONLY_BALANCED);
}

function validatePolicies(errors: FieldErrors, spec: ServiceSpec): void {
  const { externalTrafficPolicy, internalTrafficPolicy, trafficDistribution, type } = spec;
  if (isExternallyAccessible(spec)) {
    errors.oneOf('spec.externalTrafficPolicy', externalTrafficPolicy, ['Cluster', 'Local']);
  } else if (externalTrafficPolicy) {
    const detail = 'may only be set for externally-accessible services';
    errors.invalid('spec.externalTrafficPolicy', externalTrafficPolicy, detail);
  }
  validateHealthPort(errors, spec);
  if (type !== 'ExternalName' || internalTrafficPolicy !== undefined) {
    errors.oneOf('spec.internalTrafficPolicy', internalTrafficPolicy, ['Cluster', 'Local']);
  }
  if (trafficDistribution !== undefined && !DISTRIBUTIONS.includes(trafficDistribution)) {
    errors.notSupported('spec.trafficDistribution', trafficDistribution, DISTRIBUTIONS);
  }
}

function validateHealthPort(errors: FieldErrors, spec: ServiceSpec): void {
  const port = spec.healthCheckNodePort;
  const path = 'spec.healthCheckNodePort';
  if (!port) return;
  if (needsHealthPort(spec)) errors.check(path, port, checkPortNumber);
  else {
    const detail = "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'";
    errors.invalid(path, port, detail);
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
