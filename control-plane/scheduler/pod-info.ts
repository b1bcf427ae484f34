/** What the scheduler needs of a pod, worked out once. */
import { bytesOf, milliOf } from '../../api/machinery/quantity.ts';
import { keyOf } from '../../api/object.ts';
import type { Container, Pod, ResourceRequirements } from '../../api/schema/types/core.v1.ts';

export interface Request {
  /** Thousandths of a core. */
  cpu: number;
  /** Bytes. */
  memory: number;
}

export interface PodInfo {
  readonly key: string;
  readonly uid: string;
  readonly pod: Pod;
  readonly priority: number;
  readonly request: Request;
  /** As {@link request}, with something for containers that ask for nothing, so that these spread as well. */
  readonly weight: Request;
  /** `protocol/address/port` of every host port. */
  readonly hostPorts: readonly HostPort[];
  /** The uid of the controller that made it; '' for none. */
  readonly owner: string;
  /** Pods with the same value are the same to every plugin. */
  readonly template: string;
}

export interface HostPort {
  readonly protocol: string;
  /** 0.0.0.0 is every address. */
  readonly address: string;
  readonly port: number;
}

/** What a container that asks for nothing is taken to use when nodes are compared (not when they are filled). */
const DEFAULT_WEIGHT: Request = { cpu: 100, memory: 200 * 1024 * 1024 };
const NOTHING: Request = { cpu: 0, memory: 0 };

export function podInfo(pod: Pod): PodInfo {
  const { spec, metadata } = pod;
  const request = requestOf(pod, NOTHING);
  const sidecars = (spec.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always');
  const hostPorts = hostPortsOf([...sidecars, ...spec.containers]);
  const owner = metadata.ownerReferences?.find(({ controller }) => controller)?.uid ?? '';
  return {
    key: keyOf(pod),
    uid: metadata.uid ?? '',
    pod,
    priority: spec.priority ?? 0,
    request,
    weight: requestOf(pod, DEFAULT_WEIGHT),
    hostPorts,
    owner,
    template: templateOf(pod, request, hostPorts, owner),
  };
}

/** Containers run side by side, init containers one after the other before them; a sidecar runs beside all that follow. */
function requestOf(pod: Pod, fallback: Request): Request {
  const { spec } = pod;
  let sidecars = NOTHING;
  let peak = NOTHING;
  for (const container of spec.initContainers ?? []) {
    const wanted = add(sidecars, containerRequest(container, fallback));
    peak = max(peak, wanted);
    if (container.restartPolicy === 'Always') sidecars = wanted;
  }
  const running = spec.containers.map((container) => containerRequest(container, fallback)).reduce(add, sidecars);
  const overhead = requestFrom(spec.overhead, NOTHING);
  return add(spec.resources ? podLevel(spec.resources, max(peak, running)) : max(peak, running), overhead);
}

function podLevel(resources: ResourceRequirements, sum: Request): Request {
  return requestFrom(resources.requests, sum);
}

function containerRequest(container: Container, fallback: Request): Request {
  return requestFrom(container.resources.requests, fallback);
}

function requestFrom(list: Record<string, string> | undefined, fallback: Request): Request {
  return {
    cpu: list?.['cpu'] === undefined ? fallback.cpu : milliOf(list['cpu']),
    memory: list?.['memory'] === undefined ? fallback.memory : bytesOf(list['memory']),
  };
}

function hostPortsOf(containers: readonly Container[]): HostPort[] {
  return containers.flatMap(({ ports = [] }) =>
    ports
      .filter(({ hostPort }) => hostPort)
      .map(({ protocol = 'TCP', hostIP, hostPort = 0 }) => ({
        protocol,
        address: hostIP || '0.0.0.0',
        port: hostPort,
      })),
  );
}

/** Everything that a plugin may look at, and nothing else. */
function templateOf(pod: Pod, request: Request, hostPorts: readonly HostPort[], owner: string): string {
  const { spec, metadata } = pod;
  const { nodeSelector, affinity, tolerations, topologySpreadConstraints, schedulerName } = spec;
  const labels = topologySpreadConstraints ? metadata.labels : undefined;
  const parts = [schedulerName, metadata.namespace, owner, request, nodeSelector, affinity, tolerations];
  return JSON.stringify([...parts, hostPorts, topologySpreadConstraints, labels]);
}

function add(a: Request, b: Request): Request {
  return { cpu: a.cpu + b.cpu, memory: a.memory + b.memory };
}

function max(a: Request, b: Request): Request {
  return { cpu: Math.max(a.cpu, b.cpu), memory: Math.max(a.memory, b.memory) };
}
