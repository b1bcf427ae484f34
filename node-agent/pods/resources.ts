/** From requests and limits to quality of service, CPU weights, limits and the order in which the kernel kills. */
import type { Container, Pod, ResourceRequirements } from '../../api/types/core.v1.ts';
import { bytesOf, milliOf } from '../../api/machinery/quantity.ts';
import type { ContainerResources } from '../runtime/port.ts';
import { isSidecar } from './container-kind.ts';

export type QosClass = 'Guaranteed' | 'Burstable' | 'BestEffort';

const COMPUTE = ['cpu', 'memory'] as const;
const MIN_SHARES = 2;
const MAX_SHARES = 262_144;
const QUOTA_PERIOD = 100_000;
const MIN_QUOTA = 1000;

export function qosOf(pod: Pod): QosClass {
  const all = [...(pod.spec.initContainers ?? []), ...pod.spec.containers].map(
    (container) => container.resources ?? {},
  );
  const isSet = (list: Record<string, string> | undefined, name: string): boolean => wholeOrMilli(list, name) > 0;
  const asks = all.some(({ requests, limits }) => COMPUTE.some((name) => isSet(requests, name) || isSet(limits, name)));
  if (!asks) return 'BestEffort';
  const isGuaranteed = all.every((resources) => COMPUTE.every((name) => isExact(resources, name)));
  return isGuaranteed ? 'Guaranteed' : 'Burstable';
}

function isExact({ requests, limits }: Partial<ResourceRequirements>, name: string): boolean {
  const limit = wholeOrMilli(limits, name);
  const request = requests?.[name] === undefined ? limit : wholeOrMilli(requests, name);
  return limit > 0 && request === limit;
}

function milliCpu(text: string | undefined): number {
  return text === undefined ? 0 : milliOf(text);
}

function wholeUnits(text: string | undefined): number {
  return text === undefined ? 0 : bytesOf(text);
}

function wholeOrMilli(list: Record<string, string> | undefined, name: string): number {
  return name === 'cpu' ? milliCpu(list?.[name]) : wholeUnits(list?.[name]);
}

export function sharesOf(milli: number): number {
  return Math.min(MAX_SHARES, Math.max(MIN_SHARES, Math.floor((milli * 1024) / 1000)));
}

/** Init containers run one after the other before the others; a sidecar runs beside all that follow. */
export function podCpuRequest(pod: Pod): number {
  const requestOf = (container: Container): number => milliCpu(container.resources?.requests?.['cpu']);
  let sidecars = 0;
  let peak = 0;
  for (const container of pod.spec.initContainers ?? []) {
    const wanted = sidecars + requestOf(container);
    peak = Math.max(peak, wanted);
    if (isSidecar(container)) sidecars = wanted;
  }
  const together = pod.spec.containers.reduce((sum, container) => sum + requestOf(container), sidecars);
  return Math.max(together, peak) + milliCpu(pod.spec.overhead?.['cpu']);
}

/** `memoryCapacity` in bytes is the node's. */
export function containerResources(pod: Pod, container: Container, memoryCapacity: number): ContainerResources {
  const { requests, limits } = container.resources ?? {};
  const cpuLimit = milliCpu(limits?.['cpu']);
  const cpuRequest = requests?.['cpu'] === undefined ? cpuLimit : milliCpu(requests['cpu']);
  const memoryLimit = wholeUnits(limits?.['memory']);
  return {
    cpuShares: sharesOf(cpuRequest),
    oomScoreAdj: oomScore(pod, container, memoryCapacity),
    ...(cpuLimit > 0 && { cpuQuota: Math.max(MIN_QUOTA, (cpuLimit * QUOTA_PERIOD) / 1000), cpuPeriod: QUOTA_PERIOD }),
    ...(memoryLimit > 0 && { memoryLimitBytes: memoryLimit }),
  };
}

/** Best effort goes first (1000), guaranteed last (-997); between them the less was asked for, the sooner. */
function oomScore(pod: Pod, container: Container, memoryCapacity: number): number {
  if ((pod.spec.priority ?? 0) >= 2_000_000_000) return -997;
  const qos = qosOf(pod);
  if (qos === 'Guaranteed') return -997;
  if (qos === 'BestEffort') return 1000;
  const { requests, limits } = container.resources ?? {};
  const request = wholeUnits(requests?.['memory'] ?? limits?.['memory']);
  const score = 1000 - Math.floor((1000 * request) / memoryCapacity);
  return Math.min(999, Math.max(3, score));
}
