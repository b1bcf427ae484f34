/** Addresses that are valid where they stand and had better be written otherwise, in Kubernetes' words. */
import type { EndpointAddress, Endpoints, Node, Pod, Service } from '../types/core.v1.ts';
import type { EndpointSlice } from '../types/discovery.v1.ts';
import { warnOfCidr, warnOfIP } from './addresses.ts';

export function warnOfEndpointSlice({ addressType, endpoints }: EndpointSlice): string[] {
  if (addressType === 'FQDN') return ['spec.addressType: FQDN endpoints are deprecated'];
  return endpoints.flatMap(({ addresses }, index) =>
    addresses.flatMap((address, place) => warnOfIP(address, `endpoints[${index}].addresses[${place}]`)),
  );
}

export function warnOfEndpoints({ subsets = [] }: Endpoints): string[] {
  const each = (addresses: readonly EndpointAddress[], path: string): string[] =>
    addresses.flatMap(({ ip }, index) => warnOfIP(ip, `${path}[${index}].ip`));
  return subsets.flatMap(({ addresses = [], notReadyAddresses = [] }, index) => [
    ...each(addresses, `subsets[${index}].addresses`),
    ...each(notReadyAddresses, `subsets[${index}].notReadyAddresses`),
  ]);
}

export function warnOfNode({ spec }: Node): string[] {
  return [
    ...(spec.configSource ? ['spec.configSource: the feature is removed'] : []),
    ...(spec.externalID ? ['spec.externalID: this field is deprecated, and is unused by Kubernetes'] : []),
    ...(spec.podCIDRs ?? []).flatMap((cidr, index) => warnOfCidr(cidr, `spec.podCIDRs[${index}]`)),
  ];
}

export function warnOfPodStatus({ status: { podIPs = [], hostIPs = [] } }: Pod): string[] {
  return [
    ...podIPs.flatMap(({ ip }, index) => warnOfIP(ip, `status.podIPs[${index}].ip`)),
    ...hostIPs.flatMap(({ ip }, index) => warnOfIP(ip, `status.hostIPs[${index}].ip`)),
  ];
}

export function warnOfServiceStatus({ status }: Service): string[] {
  const ingress = status.loadBalancer?.ingress ?? [];
  return ingress.flatMap(({ ip }, index) => (ip ? warnOfIP(ip, `status.loadBalancer.ingress[${index}]`) : []));
}
