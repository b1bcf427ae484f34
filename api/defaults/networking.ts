/** Defaults of networking.k8s.io. */
import type { Ingress, IngressClass, IPAddress, NetworkPolicy, ServiceCIDR } from '../types/networking.v1.ts';

export function defaultIngress(ingress: Ingress): void {
  ingress.spec ??= {};
  defaultIngressStatus(ingress);
}

export function defaultIngressStatus(ingress: Ingress): void {
  ingress.status ??= { loadBalancer: {} };
  ingress.status.loadBalancer ??= {};
}

export function defaultIngressClass({ spec }: IngressClass): void {
  if (spec?.parameters) spec.parameters.scope ??= 'Cluster';
}

/** A policy is about what comes in, and about what goes out when it says anything of that. */
export function defaultNetworkPolicy(policy: NetworkPolicy): void {
  policy.spec ??= { podSelector: {} };
  const { spec } = policy;
  spec.podSelector ??= {};
  for (const { ports } of [...(spec.ingress ?? []), ...(spec.egress ?? [])]) {
    for (const port of ports ?? []) port.protocol ??= 'TCP';
  }
  if (!spec.policyTypes?.length) spec.policyTypes = spec.egress?.length ? ['Ingress', 'Egress'] : ['Ingress'];
}

export function defaultServiceCidr(range: ServiceCIDR): void {
  range.spec ??= {};
  range.status ??= {};
}

export function defaultIPAddress(address: IPAddress): void {
  address.spec ??= {};
}
