/** Views of a small made-up cluster: nodes, services and their endpoints as an agent holds them. */
import { keyOf } from '../../api/object.ts';
import type { ConfigMap, Node, Pod, Secret, Service, ServiceSpec } from '../../api/types/core.v1.ts';
import type { Endpoint, EndpointPort, EndpointSlice } from '../../api/types/discovery.v1.ts';
import type { ServiceCIDR } from '../../api/types/networking.v1.ts';
import type { RuntimeClass } from '../../api/types/node.v1.ts';
import { MapView } from '../../lib/view.ts';
import type { ClusterSettings } from '../../node-agent/state/port.ts';

export const SETTINGS: ClusterSettings = {
  clusterDomain: 'cluster.local',
  clusterDns: '10.96.0.10',
  clusterCidr: '10.244.0.0/16',
  serviceCidr: '10.96.0.0/12',
};

const byService = (slice: EndpointSlice): string[] => [
  `${slice.metadata.namespace}/${slice.metadata.labels?.['kubernetes.io/service-name']}`,
];

export class FakeCluster {
  readonly pods = new MapView<Pod>();
  readonly secrets = new MapView<Secret>();
  readonly configmaps = new MapView<ConfigMap>();
  readonly runtimeclasses = new MapView<RuntimeClass>();
  readonly servicecidrs = new MapView<ServiceCIDR>();
  readonly services = new MapView<Service>();
  readonly endpointslices = new MapView<EndpointSlice>({ service: byService });
  readonly nodes = new MapView<Node>();

  markSynced(): this {
    const { pods, secrets, configmaps, services, endpointslices, nodes, servicecidrs } = this;
    for (const view of [pods, secrets, configmaps, services, endpointslices, nodes, servicecidrs]) view.markSynced();
    return this;
  }

  service(key: string, spec: ServiceSpec): Service {
    const service = serviceOf(key, spec);
    this.services.set(key, service);
    return service;
  }

  /** The one slice of a service. */
  endpoints(service: string, ports: EndpointPort[], endpoints: Endpoint[]): void {
    const slice = sliceOf(service, ports, endpoints);
    this.endpointslices.set(keyOf(slice), slice);
  }

  node(name: string, podCIDR: string | undefined, address: string): void {
    this.nodes.set(name, {
      metadata: { name },
      spec: { ...(podCIDR && { podCIDR }) },
      status: { addresses: [{ type: 'InternalIP', address }] },
    } as Node);
  }

  pod(key: string, ip: string, spec: Partial<Pod['spec']> = {}): void {
    const [namespace, name] = key.split('/');
    this.pods.set(key, {
      metadata: { namespace, name },
      spec: { containers: [], ...spec },
      status: { podIP: ip, podIPs: [{ ip }] },
    } as Pod);
  }
}

export function serviceOf(key: string, spec: ServiceSpec): Service {
  const [namespace, name] = key.split('/');
  return { metadata: { namespace: namespace ?? '', name: name ?? '' }, spec } as Service;
}

export function sliceOf(service: string, ports: EndpointPort[], endpoints: Endpoint[]): EndpointSlice {
  const [namespace = '', name = ''] = service.split('/');
  return {
    metadata: { namespace, name: `${name}-x`, labels: { 'kubernetes.io/service-name': name } },
    addressType: 'IPv4',
    ports,
    endpoints,
  };
}

export function endpointOf(address: string, more: Partial<Endpoint> = {}): Endpoint {
  return { addresses: [address], conditions: { ready: true }, ...more };
}
