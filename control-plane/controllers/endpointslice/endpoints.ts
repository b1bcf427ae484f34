/** From a service and its pods to endpoints, in groups that share their ports. */
import type { Pod, Service, ServicePort } from '../../../api/types/core.v1.ts';
import type { Endpoint, EndpointPort } from '../../../api/types/discovery.v1.ts';
import { isReady, isTerminal } from '../conditions.ts';

export type AddressType = 'IPv4' | 'IPv6';

/** What endpoints need to know of a node. */
export interface NodeFacts {
  readonly ready: boolean;
  readonly zone: string | undefined;
}

export interface EndpointGroup {
  readonly addressType: AddressType;
  readonly ports: readonly EndpointPort[];
  readonly endpoints: readonly Endpoint[];
}

export interface EndpointRequest {
  readonly service: Service;
  readonly pods: readonly Pod[];
  readonly nodeOf: (name: string) => NodeFacts | undefined;
}

/** The same ports always have the same key, in any order. */
export function portsKey(ports: readonly EndpointPort[]): string {
  const rows = ports.map(({ name, protocol, port, appProtocol }) =>
    JSON.stringify([name, protocol, port, appProtocol]),
  );
  return rows.toSorted().join();
}

export function addressTypesOf({ spec }: Service): readonly AddressType[] {
  const families = spec.ipFamilies?.filter((family): family is AddressType => family === 'IPv4' || family === 'IPv6');
  return families && families.length > 0 ? families : ['IPv4'];
}

export function endpointGroups(request: EndpointRequest): readonly EndpointGroup[] {
  return addressTypesOf(request.service).flatMap((addressType) => groupsOf(request, addressType));
}

function groupsOf(request: EndpointRequest, addressType: AddressType): readonly EndpointGroup[] {
  const groups = new Map<string, { ports: readonly EndpointPort[]; endpoints: Endpoint[] }>();
  for (const pod of request.pods) {
    const address = addressOf(pod, addressType);
    if (isTerminal(pod) || !address) continue;
    const ports = portsOf(request.service, pod);
    const key = portsKey(ports);
    const group = groups.get(key) ?? { ports, endpoints: [] };
    group.endpoints.push(endpointOf(request, pod, address));
    groups.set(key, group);
  }
  return [...groups.values()].map((group) => ({ addressType, ...group }));
}

function addressOf({ status }: Pod, addressType: AddressType): string | undefined {
  const addresses = status?.podIPs?.map(({ ip }) => ip) ?? [status?.podIP];
  return addresses.find((address) => address && address.includes(':') === (addressType === 'IPv6'));
}

function portsOf({ spec }: Service, pod: Pod): readonly EndpointPort[] {
  return (spec.ports ?? []).flatMap((servicePort) => {
    const port = targetPortOn(pod, servicePort);
    if (port === undefined) return [];
    const { name = '', protocol = 'TCP', appProtocol } = servicePort;
    return [{ name, protocol, port, ...(appProtocol ? { appProtocol } : {}) }];
  });
}

/** A named target port may be another number on each pod, and missing on some. */
function targetPortOn({ spec }: Pod, { targetPort, port, protocol = 'TCP' }: ServicePort): number | undefined {
  if (targetPort === undefined || targetPort === 0 || targetPort === '') return port;
  if (typeof targetPort === 'number') return targetPort;
  const sidecars = (spec.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always');
  const ports = [...spec.containers, ...sidecars].flatMap((container) => container.ports ?? []);
  return ports.find((candidate) => candidate.name === targetPort && (candidate.protocol ?? 'TCP') === protocol)
    ?.containerPort;
}

function endpointOf({ service, nodeOf }: EndpointRequest, pod: Pod, address: string): Endpoint {
  const { name, namespace, uid, deletionTimestamp } = pod.metadata;
  const { nodeName, hostname, subdomain } = pod.spec;
  const node = nodeName ? nodeOf(nodeName) : undefined;
  const terminating = deletionTimestamp !== undefined;
  // A pod's status can't say that its node is lost, so the node itself is asked.
  const serving = isReady(pod) && node?.ready === true;
  const ready = service.spec.publishNotReadyAddresses === true || (serving && !terminating);
  const isNamed = hostname && subdomain === service.metadata.name && namespace === service.metadata.namespace;
  return {
    addresses: [address],
    conditions: { ready, serving, terminating },
    ...(isNamed ? { hostname } : {}),
    targetRef: { kind: 'Pod', namespace, name, uid },
    ...(nodeName ? { nodeName } : {}),
    ...(node?.zone ? { zone: node.zone } : {}),
  };
}
