/** Resource fit, and the two ways to compare how full nodes are. */
import type { Filter, FilterPlugin, ScorePlugin } from '../framework.ts';
import type { PodInfo, Request } from '../pod-info.ts';
import type { Snapshot } from '../snapshot.ts';

export const resourcesFit: FilterPlugin = {
  name: 'NodeResourcesFit',
  scope: 'node',
  helpedBy: ['node added', 'node capacity', 'pod freed'],
  prepare({ request }: PodInfo, snapshot: Snapshot): Filter {
    const { allocatableCpu, allocatableMemory, allocatablePods, usedCpu, usedMemory, pods } = snapshot;
    const { cpu, memory, others } = request;
    return (row) => {
      const lacksPods = (pods[row]?.size ?? 0) + 1 > (allocatablePods[row] ?? 0);
      // A pod that asks for nothing fits even where nothing is left.
      const lacksCpu = cpu > 0 && (usedCpu[row] ?? 0) + cpu > (allocatableCpu[row] ?? 0);
      const lacksMemory = memory > 0 && (usedMemory[row] ?? 0) + memory > (allocatableMemory[row] ?? 0);
      const lacking = others.size === 0 ? [] : lackingOthers(others, snapshot, row);
      if (!lacksPods && !lacksCpu && !lacksMemory && lacking.length === 0) return undefined;
      const reasons: string[] = [];
      if (lacksPods) reasons.push('Too many pods');
      if (lacksCpu) reasons.push('Insufficient cpu');
      if (lacksMemory) reasons.push('Insufficient memory');
      for (const name of lacking) reasons.push(`Insufficient ${name}`);
      return { reasons, isFinal: isTooSmall(request, snapshot, row) };
    };
  },
  ignores(_event, info, other, snapshot, node) {
    const row = snapshot.rowOf(node ?? '');
    if (row === undefined) return true;
    // What it could have preempted counted as gone already: that helps only if there is room now.
    if (mayPreempt(info, other)) return !fitsWithout([], info, snapshot, row);
    const lesser = [...(snapshot.pods[row] ?? [])].filter((each) => mayPreempt(info, each));
    return !fitsWithout(lesser, info, snapshot, row);
  },
};

export const leastAllocated: ScorePlugin = {
  name: 'LeastAllocated',
  scope: 'node',
  weight: 1,
  prepare: (info, snapshot) => (row) => {
    const { cpu, memory } = fractions(info, snapshot, row);
    return (100 * (Math.max(0, 1 - cpu) + Math.max(0, 1 - memory))) / 2;
  },
};

export const balancedAllocation: ScorePlugin = {
  name: 'NodeResourcesBalancedAllocation',
  scope: 'node',
  weight: 1,
  prepare: (info, snapshot) => (row) => {
    const { cpu, memory } = fractions(info, snapshot, row);
    // The standard deviation of two values is half their distance.
    return 100 * (1 - Math.abs(Math.min(cpu, 1) - Math.min(memory, 1)) / 2);
  },
};

function lackingOthers(others: ReadonlyMap<string, number>, snapshot: Snapshot, row: number): string[] {
  const used = snapshot.usedOthers[row];
  const allocatable = snapshot.allocatableOthers[row];
  const lacking: string[] = [];
  for (const [name, amount] of others) {
    if (amount > 0 && (used?.get(name) ?? 0) + amount > (allocatable?.get(name) ?? 0)) lacking.push(name);
  }
  return lacking;
}

function mayPreempt({ priority, pod }: PodInfo, other: PodInfo): boolean {
  return other.priority < priority && pod.spec.preemptionPolicy !== 'Never';
}

/** Whether the node has room for the pod once these are gone from it. */
function fitsWithout(gone: readonly PodInfo[], { request }: PodInfo, snapshot: Snapshot, row: number): boolean {
  const { allocatableCpu, allocatableMemory, allocatablePods, usedCpu, usedMemory, pods } = snapshot;
  const fits = (of: (each: Request) => number, used = 0, allocatable = 0): boolean => {
    const wanted = of(request);
    return wanted === 0 || gone.reduce((sum, each) => sum - of(each.request), used + wanted) <= allocatable;
  };
  const fitsOther = (name: string): boolean =>
    fits(
      ({ others }) => others.get(name) ?? 0,
      snapshot.usedOthers[row]?.get(name),
      snapshot.allocatableOthers[row]?.get(name),
    );
  return (
    (pods[row]?.size ?? 0) - gone.length < (allocatablePods[row] ?? 0) &&
    fits(({ cpu }) => cpu, usedCpu[row], allocatableCpu[row]) &&
    fits(({ memory }) => memory, usedMemory[row], allocatableMemory[row]) &&
    [...request.others.keys()].every(fitsOther)
  );
}

/** Even empty it could not take the pod. */
function isTooSmall(request: Request, snapshot: Snapshot, row: number): boolean {
  if (request.cpu > (snapshot.allocatableCpu[row] ?? 0)) return true;
  if (request.memory > (snapshot.allocatableMemory[row] ?? 0)) return true;
  const allocatable = snapshot.allocatableOthers[row];
  return [...request.others].some(([name, amount]) => amount > (allocatable?.get(name) ?? 0));
}

/** How full the node would be, with the pod on it. */
function fractions(info: PodInfo, snapshot: Snapshot, row: number): { cpu: number; memory: number } {
  const { allocatableCpu, allocatableMemory, weightCpu, weightMemory } = snapshot;
  return {
    cpu: ratio((weightCpu[row] ?? 0) + info.weight.cpu, allocatableCpu[row] ?? 0),
    memory: ratio((weightMemory[row] ?? 0) + info.weight.memory, allocatableMemory[row] ?? 0),
  };
}

function ratio(part: number, whole: number): number {
  return whole > 0 ? part / whole : 1;
}
