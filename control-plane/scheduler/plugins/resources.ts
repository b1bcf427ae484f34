/** Resource fit, and the two ways to compare how full nodes are. */
import type { Filter, FilterPlugin, ScorePlugin } from '../framework.ts';
import type { PodInfo } from '../pod-info.ts';
import type { Snapshot } from '../snapshot.ts';

export const resourcesFit: FilterPlugin = {
  name: 'NodeResourcesFit',
  scope: 'node',
  helpedBy: ['node added', 'node capacity', 'pod freed'],
  prepare({ request }: PodInfo, snapshot: Snapshot): Filter {
    const { allocatableCpu, allocatableMemory, allocatablePods, usedCpu, usedMemory, pods } = snapshot;
    return (row) => {
      const lacksPods = (pods[row]?.size ?? 0) + 1 > (allocatablePods[row] ?? 0);
      // A pod that asks for nothing fits even where nothing is left.
      const lacksCpu = request.cpu > 0 && (usedCpu[row] ?? 0) + request.cpu > (allocatableCpu[row] ?? 0);
      const lacksMemory = request.memory > 0 && (usedMemory[row] ?? 0) + request.memory > (allocatableMemory[row] ?? 0);
      if (!lacksPods && !lacksCpu && !lacksMemory) return undefined;
      const lacks = [
        lacksPods && 'Too many pods',
        lacksCpu && 'Insufficient cpu',
        lacksMemory && 'Insufficient memory',
      ];
      return lacks.filter(Boolean).join('\n');
    };
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
