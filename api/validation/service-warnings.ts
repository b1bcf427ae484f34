/** What a service can say, validly, that has no effect or had better be written otherwise. */
import type { Service } from '../types/core.v1.ts';
import { warnOfCidr, warnOfIP } from './addresses.ts';

const OLD_HINTS = 'service.kubernetes.io/topology-aware-hints';

export function warnOfService({ metadata, spec }: Service): string[] {
  const { clusterIPs = [], externalIPs = [], loadBalancerIP = '', loadBalancerSourceRanges = [], type } = spec;
  const isHeadless = clusterIPs.length === 1 && clusterIPs[0] === 'None';
  const isExternal = type === 'ExternalName';
  return [
    ...when(
      metadata.annotations?.[OLD_HINTS] !== undefined,
      `annotation ${OLD_HINTS} is deprecated, please use service.kubernetes.io/topology-mode instead`,
    ),
    ...clusterIPs.flatMap((ip, index) => warnOfIP(ip, `spec.clusterIPs[${index}]`)),
    ...when(isHeadless && loadBalancerIP !== '', 'spec.loadBalancerIP is ignored for headless services'),
    ...when(isHeadless && externalIPs.length > 0, 'spec.externalIPs is ignored for headless services'),
    ...when(isHeadless && spec.sessionAffinity !== 'None', 'spec.SessionAffinity is ignored for headless services'),
    ...externalIPs.flatMap((ip, index) => warnOfIP(ip, `spec.externalIPs[${index}]`)),
    ...warnOfIP(loadBalancerIP, 'spec.loadBalancerIP'),
    ...loadBalancerSourceRanges.flatMap((range, index) => warnOfCidr(range, `spec.loadBalancerSourceRanges[${index}]`)),
    ...when(isExternal && externalIPs.length > 0, 'spec.externalIPs is ignored when spec.type is "ExternalName"'),
    ...when(
      !isExternal && Boolean(spec.externalName),
      'spec.externalName is ignored when spec.type is not "ExternalName"',
    ),
    ...when(
      spec.trafficDistribution === 'PreferClose',
      'spec.trafficDistribution: "PreferClose" is deprecated; use "PreferSameZone"',
    ),
  ];
}

function when(holds: boolean, text: string): string[] {
  return holds ? [text] : [];
}
