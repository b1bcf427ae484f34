/** What the scheduler needs of a pod, worked out once. */
import { type AffinityTerms, affinityTermsOf } from './affinity-terms.ts';
import { namedNodes } from './named-nodes.ts';
import { hostPortsOf, type HostPort } from '../../api/machinery/host-ports.ts';
import { bytesOf, milliOf } from '../../api/machinery/quantity.ts';
import { claimOf } from '../../api/machinery/pod-claims.ts';
import { keyOf, objectKey } from '../../api/object.ts';
import type { Container, ContainerStatus, Pod } from '../../api/types/core.v1.ts';

export interface Request {
  /** Thousandths of a core. */
  cpu: number;
  /** Bytes. */
  memory: number;
  /** All else by its name: bytes of storage and huge pages, a number of extended resources. */
  others: ReadonlyMap<string, number>;
}

export type Weight = Pick<Request, 'cpu' | 'memory'>;

export interface PodClaim {
  readonly key: string;
  readonly name: string;
  /** Made for the pod alone. */
  readonly isEphemeral: boolean;
}

export interface PodInfo {
  readonly key: string;
  readonly uid: string;
  readonly namespace: string;
  readonly pod: Pod;
  readonly priority: number;
  readonly request: Request;
  /** As {@link request}, with something for containers that ask for nothing, so that these spread as well. */
  readonly weight: Weight;
  /** `protocol/address/port` of every host port. */
  readonly hostPorts: readonly HostPort[];
  /** The only nodes it can go to, where it names them. */
  readonly named: readonly string[] | undefined;
  /** Which pods it must or should be with, or without; undefined when it does not say. */
  readonly affinity: AffinityTerms | undefined;
  /** Those that it uses; undefined for none. */
  readonly claims: readonly PodClaim[] | undefined;
  /** The uid of the controller that made it; '' for none. */
  readonly owner: string;
  /** Pods with the same value are the same to every plugin. */
  readonly template: string;
}

/** What a container that asks for nothing is taken to use when nodes are compared (not when they are filled). */
const DEFAULT_WEIGHT: Request = { cpu: 100, memory: 200 * 1024 * 1024, others: new Map() };
const NOTHING: Request = { cpu: 0, memory: 0, others: new Map() };

export function podInfo(pod: Pod): PodInfo {
  const { spec, metadata } = pod;
  const request = requestOf(pod);
  const hostPorts = hostPortsOf(pod);
  const claims = podClaims(pod);
  const owner = metadata.ownerReferences?.find(({ controller }) => controller)?.uid ?? '';
  return {
    key: keyOf(pod),
    uid: metadata.uid ?? '',
    namespace: metadata.namespace ?? '',
    pod,
    priority: spec.priority ?? 0,
    request,
    weight: requestOf(pod, DEFAULT_WEIGHT),
    hostPorts,
    named: namedNodes(spec),
    affinity: affinityTermsOf(pod),
    claims,
    owner,
    template: templateOf(pod, request, hostPorts, owner, claims),
  };
}

/**
 * Containers run side by side, init containers one after the other before them; a sidecar runs beside all that follow.
 * `fallback`: of a container that does not say.
 */
export function requestOf(pod: Pod, fallback = NOTHING): Request {
  const { spec, status } = pod;
  let sidecars = NOTHING;
  let peak = NOTHING;
  for (const container of spec.initContainers ?? []) {
    const wanted = add(sidecars, containerRequest(container, status.initContainerStatuses, fallback));
    peak = max(peak, wanted);
    if (container.restartPolicy === 'Always') sidecars = wanted;
  }
  const containers = spec.containers.map((each) => containerRequest(each, status.containerStatuses, fallback));
  const sum = max(peak, containers.reduce(add, sidecars));
  return add(spec.resources ? requestFrom(spec.resources.requests, sum) : sum, requestFrom(spec.overhead, NOTHING));
}

/** What it asks for, or still has where a resize down is yet to be carried out; nothing but cpu and memory is resized. */
function containerRequest(
  { name, resources }: Container,
  statuses: readonly ContainerStatus[] | undefined,
  fallback: Request,
): Request {
  const asked = requestFrom(resources.requests, fallback);
  const status = statuses?.find((each) => each.name === name);
  if (!status) return asked;
  const allocated = requestFrom(status.allocatedResources, NOTHING);
  const actual = requestFrom(status.resources?.requests, NOTHING);
  return {
    cpu: Math.max(asked.cpu, allocated.cpu, actual.cpu),
    memory: Math.max(asked.memory, allocated.memory, actual.memory),
    others: asked.others,
  };
}

/** What the list does not name is as in `fallback`. */
function requestFrom(list: Record<string, string> | undefined, fallback: Request): Request {
  if (!list) return fallback;
  return {
    cpu: list['cpu'] === undefined ? fallback.cpu : milliOf(list['cpu']),
    memory: list['memory'] === undefined ? fallback.memory : bytesOf(list['memory']),
    others: othersFrom(list, fallback.others),
  };
}

function othersFrom(list: Record<string, string>, fallback: Amounts): Amounts {
  let others: Map<string, number> | undefined;
  for (const name in list) {
    if (name === 'cpu' || name === 'memory') continue;
    others ??= new Map(fallback);
    others.set(name, bytesOf(list[name] ?? '0'));
  }
  return others ?? fallback;
}

function podClaims(pod: Pod): readonly PodClaim[] | undefined {
  let claims: PodClaim[] | undefined;
  for (const volume of pod.spec.volumes ?? []) {
    const name = claimOf(pod, volume);
    if (name === undefined) continue;
    claims ??= [];
    const key = objectKey(pod.metadata.namespace, name);
    if (claims.every((claim) => claim.key !== key)) claims.push({ key, name, isEphemeral: Boolean(volume.ephemeral) });
  }
  return claims;
}

/** Everything that a plugin may look at, and nothing else. */
function templateOf(
  pod: Pod,
  request: Request,
  hostPorts: readonly HostPort[],
  owner: string,
  claims: PodInfo['claims'],
): string {
  const { spec, metadata } = pod;
  const { nodeSelector, affinity, tolerations, topologySpreadConstraints, schedulerName } = spec;
  const { podAffinity, podAntiAffinity } = affinity ?? {};
  const labels = topologySpreadConstraints || podAffinity || podAntiAffinity ? metadata.labels : undefined;
  const { cpu, memory, others } = request;
  const parts = [schedulerName, metadata.namespace, owner, cpu, memory, nodeSelector, affinity, tolerations];
  const asked = others.size > 0 ? [...others] : undefined;
  const rank = [spec.priority, spec.preemptionPolicy];
  return JSON.stringify([...parts, ...rank, asked, hostPorts, topologySpreadConstraints, labels, claims]);
}

function add(a: Request, b: Request): Request {
  const others = merge(a.others, b.others, (one, other) => one + other);
  return { cpu: a.cpu + b.cpu, memory: a.memory + b.memory, others };
}

function max(a: Request, b: Request): Request {
  const others = merge(a.others, b.others, Math.max);
  return { cpu: Math.max(a.cpu, b.cpu), memory: Math.max(a.memory, b.memory), others };
}

type Amounts = ReadonlyMap<string, number>;

function merge(a: Amounts, b: Amounts, of: (one: number, other: number) => number): Amounts {
  if (a.size === 0) return b;
  if (b.size === 0) return a;
  const merged = new Map(a);
  for (const [name, amount] of b) merged.set(name, of(merged.get(name) ?? 0, amount));
  return merged;
}
