/** Plans for what a cluster has before anybody asks: its own namespaces, and the service named `kubernetes`. */
import { isDeepStrictEqual } from 'node:util';

import ipaddr from 'ipaddr.js';

import { kinds } from '../../../api/kinds.ts';
import type { Endpoints, Namespace, Service } from '../../../api/types/core.v1.ts';
import type { Endpoint, EndpointSlice } from '../../../api/types/discovery.v1.ts';
import { targetOf, type Action } from '../actions.ts';
import type { Plan } from '../controller.ts';
import { NOTHING } from '../controller.ts';
import { SKIP_MIRROR_LABEL } from '../endpointslice-mirroring/plan.ts';
import { SERVICE_NAME_LABEL } from '../indexes.ts';

export const SYSTEM_NAMESPACES = ['default', 'kube-system', 'kube-public', 'kube-node-lease'] as const;
export const SERVICE = 'kubernetes';
export const SERVICE_NAMESPACE = 'default';

export function planSystemNamespace(name: string, existing: Namespace | undefined): Plan {
  if (existing) return NOTHING;
  const object = { apiVersion: 'v1', kind: 'Namespace', metadata: { name } };
  return { actions: [{ do: 'create', kind: kinds.namespaces, object, why: 'the cluster needs it' }], reasons: [] };
}

export interface ServiceSnapshot {
  /** Absent namespaces take no service yet. */
  readonly namespace: Namespace | undefined;
  readonly service: Service | undefined;
  readonly slice: EndpointSlice | undefined;
  readonly endpoints: Endpoints | undefined;
  /** Where pods reach the servers that serve the API now. */
  readonly addresses: readonly string[];
  readonly port: number;
  readonly serviceCidr: string;
}

export function planKubernetesService(snapshot: ServiceSnapshot): Plan {
  const { namespace, service, addresses } = snapshot;
  if (!namespace) return { ...NOTHING, reasons: [`waiting for the namespace ${SERVICE_NAMESPACE}`] };
  if (!service) {
    const why = 'pods reach the API server by it';
    return { actions: [{ do: 'create', kind: kinds.services, object: serviceOf(snapshot), why }], reasons: [] };
  }
  // A service without any server would only say that this one cannot see itself.
  if (addresses.length === 0) return { ...NOTHING, reasons: ['no server serves the API where pods could reach it'] };
  return { actions: [...sliceActions(snapshot), ...endpointsActions(snapshot)], reasons: [] };
}

function sliceActions(snapshot: ServiceSnapshot): readonly Action[] {
  const { slice } = snapshot;
  const wanted = sliceOf(snapshot);
  if (!slice) return [{ do: 'create', kind: kinds.endpointslices, object: wanted, why: 'servers serve the API' }];
  const { endpoints, ports } = wanted;
  if (isDeepStrictEqual(slice.endpoints, endpoints) && isDeepStrictEqual(slice.ports, ports)) return [];
  const target = targetOf(kinds.endpointslices, slice);
  return [{ do: 'patch', target, patch: { endpoints, ports }, why: 'other servers serve the API now' }];
}

/** The same in the older form, for those who read that. */
function endpointsActions(snapshot: ServiceSnapshot): readonly Action[] {
  const { endpoints } = snapshot;
  const wanted = endpointsOf(snapshot);
  if (!endpoints) return [{ do: 'create', kind: kinds.endpoints, object: wanted, why: 'servers serve the API' }];
  const { subsets } = wanted;
  if (isDeepStrictEqual(endpoints.subsets, subsets)) return [];
  const target = targetOf(kinds.endpoints, endpoints);
  return [{ do: 'patch', target, patch: { subsets }, why: 'other servers serve the API now' }];
}

function serviceOf({ serviceCidr, port }: ServiceSnapshot): Omit<Service, 'status'> {
  const clusterIP = firstAddress(serviceCidr);
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: {
      name: SERVICE,
      namespace: SERVICE_NAMESPACE,
      labels: { component: 'apiserver', provider: 'kubernetes' },
    },
    spec: {
      type: 'ClusterIP',
      clusterIP,
      clusterIPs: [clusterIP],
      ports: [{ name: 'https', protocol: 'TCP', port: 443, targetPort: port }],
      sessionAffinity: 'None',
    },
  };
}

function sliceOf({ addresses, port }: ServiceSnapshot): EndpointSlice {
  const endpoints = addresses
    .toSorted()
    .map((address): Endpoint => ({ addresses: [address], conditions: { ready: true } }));
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name: SERVICE, namespace: SERVICE_NAMESPACE, labels: { [SERVICE_NAME_LABEL]: SERVICE } },
    addressType: addresses[0]?.includes(':') ? 'IPv6' : 'IPv4',
    endpoints,
    ports: [{ name: 'https', protocol: 'TCP', port }],
  };
}

function endpointsOf({ addresses, port }: ServiceSnapshot): Endpoints {
  return {
    apiVersion: 'v1',
    kind: 'Endpoints',
    metadata: { name: SERVICE, namespace: SERVICE_NAMESPACE, labels: { [SKIP_MIRROR_LABEL]: 'true' } },
    subsets: [
      { addresses: addresses.toSorted().map((ip) => ({ ip })), ports: [{ name: 'https', port, protocol: 'TCP' }] },
    ],
  };
}

/** The first address after the network's own. */
export function firstAddress(cidr: string): string {
  const [network, bits] = ipaddr.parseCIDR(cidr);
  const bytes = network.toByteArray();
  bytes.forEach((byte, index) => (bytes[index] = byte & (0xff << (8 - Math.min(8, Math.max(0, bits - index * 8))))));
  const last = bytes.length - 1;
  bytes[last] = (bytes[last] ?? 0) + 1;
  return ipaddr.fromByteArray(bytes).toString();
}
