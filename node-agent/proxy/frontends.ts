/** What a service offers on this node: one frontend for each address and port that clients may connect to. */
import type { Service, ServicePort } from '../../api/types/core.v1.ts';
import type { EndpointSlice } from '../../api/types/discovery.v1.ts';
import { usableEndpoints, type UsableEndpoints } from './endpoints.ts';

export const PROTOCOLS = ['tcp', 'udp', 'sctp'] as const;
export type Protocol = (typeof PROTOCOLS)[number];

/**
 * The maps that frontends stand in. `local_` ones are asked first, for clients from outside the cluster only; they hold
 * what `externalTrafficPolicy: Local` is for.
 */
export const FAMILIES = ['services', 'nodeports', 'local_services', 'local_nodeports'] as const;
export type Family = (typeof FAMILIES)[number];

export type Target =
  | {
      type: 'balance';
      /** `address . port`, sorted. */
      backends: readonly string[];
      /** For so many seconds after its last connection a client's address keeps its backend; undefined: not at all. */
      affinitySeconds: number | undefined;
      /** The backend sees this node's address instead of the client's. */
      masquerade: boolean;
    }
  /** Answered with a reset or port unreachable. */
  | { type: 'refuse' }
  | { type: 'drop' };

export interface Frontend {
  family: Family;
  protocol: Protocol;
  /** `address . protocol . port`, or `protocol . port` for node ports. */
  key: string;
  target: Target;
}

export interface FrontendOptions {
  nodeName: string;
  /** Answered by this node's DNS itself. */
  clusterDns: string;
}

/** Set by those who bring a proxy of their own for a service. */
const OTHER_PROXY_LABEL = 'service.kubernetes.io/service-proxy-name';
const DEFAULT_AFFINITY_SECONDS = 10_800;
const HEADLESS_LABEL = 'service.kubernetes.io/headless';

export function frontendsOf(service: Service, slices: Iterable<EndpointSlice>, options: FrontendOptions): Frontend[] {
  const { spec } = service;
  if (!spec?.clusterIP || spec.clusterIP === 'None' || spec.type === 'ExternalName') return [];
  if (service.metadata.labels?.[OTHER_PROXY_LABEL] !== undefined) return [];
  const proxied = [...slices].filter(({ metadata }) => metadata.labels?.[HEADLESS_LABEL] === undefined);
  return (spec.ports ?? []).flatMap((port) => {
    const endpoints = usableEndpoints(proxied, port, options.nodeName);
    return portFrontends(service, port, endpoints).filter(({ key }) => !key.startsWith(`${options.clusterDns} . `));
  });
}

function portFrontends(service: Service, port: ServicePort, endpoints: UsableEndpoints): Frontend[] {
  const { spec } = service;
  const protocol = PROTOCOLS.find((each) => each === (port.protocol ?? 'TCP').toLowerCase());
  if (!protocol) return [];
  const affinitySeconds = affinityOf(service);
  const onlyLocal = spec?.externalTrafficPolicy === 'Local';
  const outside = { affinitySeconds, masquerade: !onlyLocal };
  const frontends: Frontend[] = [];

  const add = (family: Family, key: string, target: Target): void =>
    void frontends.push({ family, protocol, key, target });
  const internal = spec?.internalTrafficPolicy === 'Local';
  const inner = { affinitySeconds, masquerade: false };
  const clusterTarget = internal ? localTarget(endpoints, inner) : clusterTargetOf(endpoints, inner);
  if (spec?.clusterIP) add('services', `${spec.clusterIP} . ${protocol} . ${port.port}`, clusterTarget);

  const everywhere = clusterTargetOf(endpoints, outside);
  const here = localTarget(endpoints, outside);
  for (const address of externalAddresses(service)) {
    const key = `${address} . ${protocol} . ${port.port}`;
    add('services', key, everywhere);
    if (onlyLocal) add('local_services', key, here);
  }
  if (port.nodePort) {
    add('nodeports', `${protocol} . ${port.nodePort}`, everywhere);
    if (onlyLocal) add('local_nodeports', `${protocol} . ${port.nodePort}`, here);
  }
  return frontends;
}

function affinityOf({ spec }: Service): number | undefined {
  if (spec?.sessionAffinity !== 'ClientIP') return undefined;
  return spec.sessionAffinityConfig?.clientIP?.timeoutSeconds ?? DEFAULT_AFFINITY_SECONDS;
}

interface Manner {
  affinitySeconds: number | undefined;
  masquerade: boolean;
}

function clusterTargetOf({ all }: UsableEndpoints, manner: Manner): Target {
  return all.length > 0 ? { type: 'balance', backends: all, ...manner } : { type: 'refuse' };
}

/** Without an endpoint here the client is to try another node, not to be told that there is no service. */
function localTarget({ all, local }: UsableEndpoints, manner: Manner): Target {
  if (all.length === 0) return { type: 'refuse' };
  return local.length > 0 ? { type: 'balance', backends: local, ...manner } : { type: 'drop' };
}

function externalAddresses(service: Service): string[] {
  const given = (service.spec?.externalIPs ?? []).filter((address) => !address.includes(':'));
  return [...new Set([...given, ...balancerAddresses(service)])];
}

/** Those of its load balancer that nodes answer for. */
export function balancerAddresses({ spec, status }: Service): string[] {
  const balancers = spec?.type === 'LoadBalancer' ? (status?.loadBalancer?.ingress ?? []) : [];
  const addresses = balancers.flatMap(({ ip, ipMode }) => (ip && ipMode !== 'Proxy' ? [ip] : []));
  return [...new Set(addresses)].filter((address) => !address.includes(':'));
}
