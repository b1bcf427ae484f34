/** Columns of pods; the status column tells the most telling thing about a pod in one word. */
import type { ContainerState, ContainerStatus, Pod } from '../types/core.v1.ts';
import { ageColumn, type Column, nameColumn } from './columns.ts';
import { humanDuration } from './duration.ts';

/** The reason a node's pods get when the node is lost. */
const NODE_LOST = 'NodeLost';

export interface PodSummary {
  readonly ready: number;
  readonly total: number;
  readonly reason: string;
  readonly restarts: number;
  /** Milliseconds since 1970 of the last restart that is known; undefined when there was none. */
  readonly restartedAt: number | undefined;
}

interface Progress {
  reason: string;
  restarts: number;
  restartedAt: number | undefined;
}

export function summarizePod(pod: Pod): PodSummary {
  const { spec, status } = pod;
  const restartable = restartableNames(pod);
  const progress: Progress = { reason: status.reason || status.phase || '', restarts: 0, restartedAt: undefined };
  const gated = status.conditions?.some(({ type, reason }) => type === 'PodScheduled' && reason === 'SchedulingGated');
  if (gated) progress.reason = 'SchedulingGated';
  const sidecars = { restarts: 0, restartedAt: undefined as number | undefined, ready: 0 };
  const initializing = summarizeInit(pod, progress, restartable, sidecars);
  let ready = sidecars.ready;
  if (!initializing || isInitialized(pod)) {
    progress.restarts = sidecars.restarts;
    progress.restartedAt = sidecars.restartedAt;
    ready += summarizeContainers(pod, progress);
  }
  if (pod.metadata.deletionTimestamp !== undefined) {
    if (status.reason === NODE_LOST) progress.reason = 'Unknown';
    else if (!isTerminal(status.phase)) progress.reason = 'Terminating';
  }
  return { ...progress, ready, total: spec.containers.length + restartable.size };
}

/** Init containers that run on beside the others. */
function restartableNames({ spec }: Pod): ReadonlySet<string> {
  const restartable = spec.initContainers?.filter(({ restartPolicy }) => restartPolicy === 'Always') ?? [];
  return new Set(restartable.map(({ name }) => name));
}

/** Returns whether the pod is still initializing. */
function summarizeInit(
  { spec, status }: Pod,
  progress: Progress,
  restartable: ReadonlySet<string>,
  sidecars: { restarts: number; restartedAt: number | undefined; ready: number },
): boolean {
  for (const [index, container] of (status.initContainerStatuses ?? []).entries()) {
    count(progress, container);
    if (restartable.has(container.name)) {
      sidecars.restarts += container.restartCount;
      sidecars.restartedAt = later(sidecars.restartedAt, lastEnd(container));
    }
    const { terminated, waiting } = container.state ?? {};
    if (terminated?.exitCode === 0) continue;
    if (restartable.has(container.name) && container.started) {
      if (container.ready) sidecars.ready++;
      continue;
    }
    if (terminated) progress.reason = `Init:${endReason(terminated)}`;
    else if (waiting?.reason && waiting.reason !== 'PodInitializing') progress.reason = `Init:${waiting.reason}`;
    else progress.reason = `Init:${index}/${spec.initContainers?.length ?? 0}`;
    return true;
  }
  return false;
}

/** Returns how many containers are ready. The first container with something to say has the last word. */
function summarizeContainers({ status }: Pod, progress: Progress): number {
  let ready = 0;
  let hasRunning = false;
  for (const container of (status.containerStatuses ?? []).toReversed()) {
    count(progress, container);
    const { waiting, terminated, running } = container.state ?? {};
    if (waiting?.reason) progress.reason = waiting.reason;
    else if (terminated) progress.reason = endReason(terminated);
    else if (container.ready && running) {
      hasRunning = true;
      ready++;
    }
  }
  if (progress.reason === 'Completed' && hasRunning) {
    const isReady = status.conditions?.some(({ type, status: value }) => type === 'Ready' && value === 'True');
    progress.reason = isReady ? 'Running' : 'NotReady';
  }
  return ready;
}

function endReason({ reason, signal, exitCode }: NonNullable<ContainerState['terminated']>): string {
  if (reason) return reason;
  return signal ? `Signal:${signal}` : `ExitCode:${exitCode}`;
}

function count(progress: Progress, container: ContainerStatus): void {
  progress.restarts += container.restartCount;
  progress.restartedAt = later(progress.restartedAt, lastEnd(container));
}

function lastEnd({ lastState }: ContainerStatus): number | undefined {
  const finishedAt = lastState?.terminated?.finishedAt;
  return finishedAt ? Date.parse(finishedAt) : undefined;
}

function later(a: number | undefined, b: number | undefined): number | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return Math.max(a, b);
}

function isInitialized({ status }: Pod): boolean {
  return status?.conditions?.some(({ type, status: value }) => type === 'Initialized' && value === 'True') === true;
}

function isTerminal(phase: string | undefined): boolean {
  return phase === 'Failed' || phase === 'Succeeded';
}

function restartsText({ restarts, restartedAt }: PodSummary, now: Date): string {
  if (restarts === 0 || restartedAt === undefined) return String(restarts);
  return `${restarts} (${humanDuration(now.getTime() - restartedAt)} ago)`;
}

function readinessGates({ spec, status }: Pod): string {
  const gates = spec.readinessGates ?? [];
  if (gates.length === 0) return '<none>';
  const passed = gates.filter(({ conditionType }) =>
    status.conditions?.some(({ type, status: value }) => type === conditionType && value === 'True'),
  );
  return `${passed.length}/${gates.length}`;
}

export const podColumns: readonly Column<Pod>[] = [
  nameColumn,
  {
    name: 'Ready',
    description: 'Containers of the pod that are ready, of all it has.',
    cell: (pod) => {
      const { ready, total } = summarizePod(pod);
      return `${ready}/${total}`;
    },
  },
  {
    name: 'Status',
    description: 'What the containers of the pod, taken together, are doing.',
    cell: (pod) => summarizePod(pod).reason,
  },
  {
    name: 'Restarts',
    description: 'How often containers of the pod were restarted, and when last.',
    cell: (pod, now) => restartsText(summarizePod(pod), now),
  },
  ageColumn,
  {
    name: 'IP',
    description: 'Address of the pod.',
    wide: true,
    cell: ({ status }) => status.podIPs?.[0]?.ip || status.podIP || '<none>',
  },
  {
    name: 'Node',
    description: 'Node the pod was given to.',
    wide: true,
    cell: ({ spec }) => spec.nodeName || '<none>',
  },
  {
    name: 'Nominated Node',
    description: 'Node on which room is being made for the pod.',
    wide: true,
    cell: ({ status }) => status.nominatedNodeName || '<none>',
  },
  {
    name: 'Readiness Gates',
    description: 'Conditions beyond its containers that the pod needs to be ready.',
    wide: true,
    cell: readinessGates,
  },
];
