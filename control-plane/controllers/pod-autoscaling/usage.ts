/** What pods used when they were last measured, and how they count for one resource. */
import { milliOf } from '../../../api/machinery/quantity.ts';
import type { Container, Pod } from '../../../api/types/core.v1.ts';
import type { NodeUsage } from '../../../api/streams.ts';
import { readyCondition } from '../conditions.ts';

/** Of one pod. */
export interface PodUsage {
  /** Wall-clock milliseconds. */
  readonly at: number;
  /** Milliseconds over which cpu was averaged. */
  readonly window: number;
  readonly containers: NodeUsage['pods'][number]['containers'];
}

/** By the names of pods of one namespace; pods that could not be measured are not in it. */
export type Usages = ReadonlyMap<string, PodUsage>;

export function usagesOf(namespace: string, nodes: Iterable<NodeUsage>): Usages {
  const usages = new Map<string, PodUsage>();
  for (const { timestamp, window, pods } of nodes) {
    for (const pod of pods) {
      if (pod.namespace !== namespace) continue;
      usages.set(pod.name, { at: Date.parse(timestamp), window: window * 1000, containers: pod.containers });
    }
  }
  return usages;
}

/** Which resource of which container; all containers when that is ''. */
export interface Measured {
  readonly resource: string;
  readonly container: string;
}

/** Thousandths of cores or bytes, as quantities count; undefined when there is no such measurement. */
export function milliUsed({ containers }: PodUsage, { resource, container }: Measured): number | undefined {
  const counted = containers.filter(({ name }) => container === '' || name === container);
  if (counted.length === 0) return undefined;
  if (resource === 'cpu') return sum(counted.map(({ cpu }) => Math.ceil(cpu * 1000)));
  if (resource === 'memory') return sum(counted.map(({ memory }) => Math.ceil(memory * 1000)));
  return undefined;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

/** Thousandths that the pod asks for, or what it does not say. */
export function milliRequested(pod: Pod, measured: Measured): number | { readonly missing: string } {
  const { resource, container } = measured;
  const whole = container === '' ? pod.spec.resources?.requests?.[resource] : undefined;
  if (whole !== undefined) return milliOf(whole);
  const sidecars = (pod.spec.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always');
  let total = 0;
  for (const { name, resources } of [...pod.spec.containers, ...sidecars] as readonly Container[]) {
    if (container !== '' && container !== name) continue;
    const request = resources.requests?.[resource];
    if (request === undefined) {
      return { missing: `missing request for ${resource} in container ${name} of Pod ${pod.metadata.name}` };
    }
    total += milliOf(request);
  }
  return total;
}

/** As Kubernetes: in so many milliseconds after its start a pod may use more than it does later. */
const INITIALIZATION_MILLISECONDS = 5 * 60_000;
/** A pod that turned unready no later than this after its start has never been ready. */
const FIRST_READINESS_MILLISECONDS = 30_000;

export interface Grouped {
  /** Thousandths by pod: of pods that count. */
  readonly samples: ReadonlyMap<string, number>;
  readonly unready: readonly Pod[];
  /** Should have been measured. */
  readonly missing: readonly Pod[];
}

/** `now`: wall-clock milliseconds. */
export function groupPods(pods: readonly Pod[], usages: Usages, measured: Measured, now: number): Grouped {
  const samples = new Map<string, number>();
  const unready: Pod[] = [];
  const missing: Pod[] = [];
  for (const pod of pods) {
    const { name = '', deletionTimestamp } = pod.metadata;
    if (deletionTimestamp !== undefined || pod.status.phase === 'Failed') continue;
    const usage = usages.get(name);
    const used = usage && milliUsed(usage, measured);
    if (pod.status.phase === 'Pending') unready.push(pod);
    else if (!usage || used === undefined) missing.push(pod);
    else if (measured.resource === 'cpu' && startsUp(pod, usage, now)) unready.push(pod);
    else samples.set(name, used);
  }
  return { samples, unready, missing };
}

function startsUp(pod: Pod, { at, window }: PodUsage, now: number): boolean {
  const ready = readyCondition(pod);
  if (!ready || !pod.status.startTime) return true;
  const started = Date.parse(pod.status.startTime);
  const turned = Date.parse(ready.lastTransitionTime ?? '');
  const isUnready = ready.status === 'False';
  if (started + INITIALIZATION_MILLISECONDS > now) return isUnready || at < turned + window;
  return isUnready && started + FIRST_READINESS_MILLISECONDS > turned;
}
