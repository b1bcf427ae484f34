/** Defaults of Service that need no allocation. */
import type { Service, ServiceSpec } from '../types/core.v1.ts';

const AFFINITY_SECONDS = 10_800;

export function defaultService(service: Service): void {
  service.spec ??= {};
  service.status ??= { loadBalancer: {} };
  service.status.loadBalancer ??= {};
  const { spec } = service;
  spec.type ||= 'ClusterIP';
  defaultAffinity(spec);
  for (const port of spec.ports ?? []) {
    port.protocol ||= 'TCP';
    port.targetPort ||= port.port;
  }
  if (isExternallyAccessible(spec)) spec.externalTrafficPolicy ||= 'Cluster';
  if (spec.type !== 'ExternalName') spec.internalTrafficPolicy ||= 'Cluster';
  if (spec.type === 'LoadBalancer') spec.allocateLoadBalancerNodePorts ??= true;
}

/** An address is the service's own, as opposed to a proxy's, unless it is said. */
export function defaultServiceStatus({ spec, status }: Service): void {
  if (spec.type !== 'LoadBalancer') return;
  for (const point of status.loadBalancer?.ingress ?? []) if (point.ip) point.ipMode ??= 'VIP';
}

/** Whether traffic from outside of the cluster can reach it, so that an external traffic policy means something. */
export function isExternallyAccessible({ type, externalIPs }: ServiceSpec): boolean {
  if (type === 'NodePort' || type === 'LoadBalancer') return true;
  return type === 'ClusterIP' && (externalIPs?.length ?? 0) > 0;
}

function defaultAffinity(spec: ServiceSpec): void {
  spec.sessionAffinity ||= 'None';
  if (spec.sessionAffinity === 'None') delete spec.sessionAffinityConfig;
  if (spec.sessionAffinity !== 'ClientIP') return;
  spec.sessionAffinityConfig ??= {};
  spec.sessionAffinityConfig.clientIP ??= {};
  spec.sessionAffinityConfig.clientIP.timeoutSeconds ??= AFFINITY_SECONDS;
}
