/** How many replicas a metric calls for, from what pods use and what each shall use. Pure arithmetic, as Kubernetes does it. */
import type { Pod } from '../../../api/types/core.v1.ts';
import { groupPods, milliRequested, type Grouped, type Measured, type Usages } from './usage.ts';

export interface Tolerances {
  /** By which share usage may exceed the target without more replicas. */
  readonly up: number;
  readonly down: number;
}

export interface Demand {
  readonly pods: readonly Pod[];
  readonly usages: Usages;
  readonly measured: Measured;
  readonly replicas: number;
  readonly tolerances: Tolerances;
  /** Wall-clock milliseconds. */
  readonly now: number;
}

export interface Proposal {
  readonly replicas: number;
  /** Thousandths that each pod uses. */
  readonly average: number;
  /** Per cent of what pods ask for; only where that is the target. */
  readonly utilization?: number;
}

/** Why no number can be told. */
export interface Unknowable {
  readonly why: string;
}

interface Ratio {
  /** Of what is used to what shall be. */
  readonly ratio: number;
  readonly average: number;
  readonly utilization?: number;
}

const NO_SAMPLES: Unknowable = { why: 'did not receive metrics for any ready pods' };

/** `target`: per cent of what the pods ask for. */
export function byUtilization(demand: Demand, target: number): Proposal | Unknowable {
  const known = check(demand);
  if ('why' in known) return known;
  const requests = new Map<string, number>();
  for (const pod of demand.pods) {
    const request = milliRequested(pod, demand.measured);
    if (typeof request !== 'number') return { why: request.missing };
    requests.set(pod.metadata.name ?? '', request);
  }
  if (known.samples.size === 0) return NO_SAMPLES;
  // Of a pod that nothing is known of the worst is assumed.
  const most = Math.max(100, target) / 100;
  return propose(demand, known, {
    ratioOf: (samples) => utilizationOf(samples, requests, target),
    whenFalling: (name) => Math.trunc((requests.get(name) ?? 0) * most),
    fillsAtTarget: false,
  });
}

function utilizationOf(
  samples: ReadonlyMap<string, number>,
  requests: ReadonlyMap<string, number>,
  target: number,
): Ratio | Unknowable {
  let used = 0;
  let requested = 0;
  let pods = 0;
  for (const [name, milli] of samples) {
    const request = requests.get(name);
    if (request === undefined) continue;
    used += milli;
    requested += request;
    pods += 1;
  }
  if (requested === 0) return { why: 'no metrics returned matched known pods' };
  const utilization = Math.trunc((used * 100) / requested);
  return { ratio: utilization / target, utilization, average: Math.trunc(used / pods) };
}

/** `target`: thousandths that each pod shall use. */
export function byAverage(demand: Demand, target: number): Proposal | Unknowable {
  const known = check(demand);
  if ('why' in known) return known;
  if (known.samples.size === 0) return NO_SAMPLES;
  return propose(demand, known, {
    ratioOf: (samples) => averageOf(samples, target),
    whenFalling: () => target,
    fillsAtTarget: true,
  });
}

function averageOf(samples: ReadonlyMap<string, number>, target: number): Ratio {
  const used = [...samples.values()].reduce((total, milli) => total + milli, 0);
  const average = Math.trunc(used / samples.size);
  return { ratio: average / target, average };
}

function check({ pods, usages, measured, now }: Demand): Grouped | Unknowable {
  if (usages.size === 0) {
    return {
      why: `unable to get metrics for resource ${measured.resource}: no metrics returned from resource metrics API`,
    };
  }
  if (pods.length === 0) return { why: 'no pods returned by selector while calculating replica count' };
  return groupPods(pods, usages, measured, now);
}

interface Rules {
  readonly ratioOf: (samples: ReadonlyMap<string, number>) => Ratio | Unknowable;
  /** What a pod is taken to use that was not measured, when there would be fewer. */
  readonly whenFalling: (name: string) => number;
  /** Whether pods that were not measured count as idle also where usage is exactly what it shall be. */
  readonly fillsAtTarget: boolean;
}

/** What is not known counts against the change: little knowledge moves little. */
function propose(
  demand: Demand,
  known: Grouped,
  { ratioOf, whenFalling, fillsAtTarget }: Rules,
): Proposal | Unknowable {
  const { samples, unready, missing } = known;
  const first = ratioOf(samples);
  if ('why' in first) return first;
  const { ratio, ...current } = first;
  const stay: Proposal = { ...current, replicas: demand.replicas };
  const countsUnready = unready.length > 0 && ratio > 1;
  if (!countsUnready && missing.length === 0) {
    return isWithin(ratio, demand.tolerances) ? stay : { ...current, replicas: Math.ceil(ratio * samples.size) };
  }
  const filled = new Map(samples);
  for (const {
    metadata: { name = '' },
  } of missing) {
    if (ratio < 1) filled.set(name, whenFalling(name));
    else if (ratio > 1 || fillsAtTarget) filled.set(name, 0);
  }
  if (countsUnready) for (const { metadata } of unready) filled.set(metadata.name ?? '', 0);
  const second = ratioOf(filled);
  if ('why' in second) return second;
  const turns = (ratio < 1 && second.ratio > 1) || (ratio > 1 && second.ratio < 1);
  if (turns || isWithin(second.ratio, demand.tolerances)) return stay;
  const replicas = Math.ceil(second.ratio * filled.size);
  const isContrary = second.ratio < 1 ? replicas > demand.replicas : replicas < demand.replicas;
  return isContrary ? stay : { ...current, replicas };
}

function isWithin(ratio: number, { up, down }: Tolerances): boolean {
  return ratio >= 1 - down && ratio <= 1 + up;
}
