/** Services: they hold addresses and node ports for as long as they exist. */
import { defaultService, defaultServiceStatus, isExternallyAccessible } from '../../../api/defaults/service.ts';
import { copyJson } from '../../../api/machinery/json.ts';
import { checkDns1035Label } from '../../../api/machinery/names.ts';
import type { Service, ServiceSpec } from '../../../api/types/core.v1.ts';
import { HEADLESS } from '../../../api/validation/service-addresses.ts';
import {
  needsHealthPort,
  validateService,
  validateServiceStatus,
  validateServiceUpdate,
} from '../../../api/validation/service.ts';
import type { ServiceAllocator } from '../allocation/service-allocator.ts';
import { warnOfServiceStatus } from '../../../api/validation/address-warnings.ts';
import { warnOfService } from '../../../api/validation/service-warnings.ts';
import type { Strategy } from '../strategy.ts';

export function serviceStrategy(allocator: ServiceAllocator): Strategy<Service> {
  return {
    checkName: checkDns1035Label,
    createOnUpdate: true,
    applyDefaults(service) {
      defaultService(service);
      normalizeAddresses(service.spec);
    },
    prepareForCreate(service) {
      service.status = { loadBalancer: {} };
    },
    prepareForUpdate(next, previous) {
      keepAllocated(next.spec, previous.spec);
      dropLeftovers(next.spec, previous.spec);
    },
    validate: validateService,
    warnings: warnOfService,
    statusWarnings: warnOfServiceStatus,
    validateUpdate: validateServiceUpdate,
    validatesUpdateAlone: true,
    prepareForStatusUpdate(next) {
      next.status = copyJson(next.status);
      defaultServiceStatus(next);
    },
    validateStatusUpdate: validateServiceStatus,
    claim: (next, previous, dryRun) => allocator.claim(next, previous, dryRun),
    release: (previous, next) => allocator.release(previous, next),
  };
}

/** `clusterIP` is the first of `clusterIPs`; who writes one of them means both. */
function normalizeAddresses(spec: ServiceSpec): void {
  if (spec.type === 'ExternalName') {
    if (spec.clusterIP === '') delete spec.clusterIP;
    return;
  }
  if (spec.clusterIP && !spec.clusterIPs?.length) spec.clusterIPs = [spec.clusterIP];
  if (!spec.clusterIP && spec.clusterIPs?.[0]) spec.clusterIP = spec.clusterIPs[0];
  if (spec.clusterIP === '') delete spec.clusterIP;
  spec.ipFamilies ??= ['IPv4'];
  spec.ipFamilyPolicy ??= 'SingleStack';
}

/** A client that leaves out what was allocated does not give it up, unless the type changes away from it. */
function keepAllocated(next: ServiceSpec, previous: ServiceSpec): void {
  if (next.type === 'ExternalName') {
    dropAllocated(next, previous);
    return;
  }
  if (previous.type !== 'ExternalName' && !next.clusterIP && previous.clusterIP) {
    next.clusterIP = previous.clusterIP;
    if (previous.clusterIPs) next.clusterIPs = previous.clusterIPs;
  }
  if (!next.healthCheckNodePort && previous.healthCheckNodePort && needsHealthPort(next) && needsHealthPort(previous)) {
    next.healthCheckNodePort = previous.healthCheckNodePort;
  }
  if (next.clusterIP === HEADLESS) return;
  if (next.type === 'NodePort' || next.type === 'LoadBalancer') keepNodePorts(next, previous);
  else dropNodePorts(next, previous);
}

function dropAllocated(next: ServiceSpec, previous: ServiceSpec): void {
  if (previous.type === 'ExternalName') return;
  if (next.clusterIP === previous.clusterIP) delete next.clusterIP;
  if (next.clusterIPs?.[0] === previous.clusterIPs?.[0]) delete next.clusterIPs;
  delete next.ipFamilies;
  delete next.ipFamilyPolicy;
  dropNodePorts(next, previous);
}

function keepNodePorts(next: ServiceSpec, previous: ServiceSpec): void {
  const used = new Set(next.ports?.map(({ nodePort }) => nodePort));
  for (const port of next.ports ?? []) {
    if (port.nodePort) continue;
    const before = previous.ports?.find((each) => each.port === port.port && each.protocol === port.protocol);
    if (before?.nodePort && !used.has(before.nodePort)) port.nodePort = before.nodePort;
  }
}

function dropNodePorts(next: ServiceSpec, previous: ServiceSpec): void {
  const before = new Set(previous.ports?.map(({ nodePort }) => nodePort));
  for (const port of next.ports ?? []) if (before.has(port.nodePort)) delete port.nodePort;
}

/** What only the former type had goes with it, where the client merely sent it back. */
function dropLeftovers(next: ServiceSpec, previous: ServiceSpec): void {
  const drop = (field: keyof ServiceSpec, needed: boolean): void => {
    if (!needed && next[field] === previous[field]) delete next[field];
  };
  const balanced = next.type === 'LoadBalancer';
  drop('externalTrafficPolicy', isExternallyAccessible(next));
  drop('internalTrafficPolicy', next.type !== 'ExternalName');
  drop('healthCheckNodePort', needsHealthPort(next));
  drop('allocateLoadBalancerNodePorts', balanced);
  drop('loadBalancerClass', balanced);
}
