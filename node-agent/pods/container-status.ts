/** The status of one container as kubectl users know it. */
import { formatTime } from '../../api/machinery/time.ts';
import type {
  Container,
  ContainerState,
  ContainerStateTerminated,
  ContainerStatus,
  Pod,
} from '../../api/types/core.v1.ts';
import type { ContainerKind } from './container-kind.ts';
import type { MemoryView } from './memory.ts';
import type { ObservedContainer, ObservedPod } from './observed.ts';
import { mayRestart } from './outcome.ts';
import type { Waiting } from './plan-builder.ts';

export interface ContainerFacts {
  readonly pod: Pod;
  readonly container: Container;
  readonly kind: ContainerKind;
  readonly observed: ObservedPod;
  readonly memory: MemoryView;
  readonly waiting: Waiting | undefined;
  /** Nothing of the pod will run again. */
  readonly isOver: boolean;
}

export function containerStatusOf(facts: ContainerFacts): ContainerStatus {
  const { container, kind, observed } = facts;
  const [last, previous] = observed.containers.filter(
    ({ name, state }) => name === container.name && state !== 'created',
  );
  const { state, isPast } = stateOf(facts, last);
  const before = isPast ? last : previous;
  return {
    name: container.name,
    state,
    lastState: before?.state === 'exited' ? { terminated: terminatedOf(before) } : {},
    ready: isReady(facts, last, state),
    ...(kind !== 'ephemeral' && { started: state.running !== undefined && isStarted(facts, last) }),
    restartCount: last?.attempt ?? 0,
    image: container.image ?? '',
    imageID: last?.imageRef ?? '',
    ...(last && { containerID: containerId(last.id), ...mountsOf(container) }),
    ...(last && state.running && resourcesOf(last, facts.memory)),
  };
}

/** What it was given, which is not what it asks for until a change of that has been carried out. */
function resourcesOf(
  last: ObservedContainer,
  memory: MemoryView,
): Pick<ContainerStatus, 'resources' | 'allocatedResources'> {
  const resources = memory.resized.get(last.id) ?? last.resources;
  if (!resources) return {};
  return { ...(resources.requests && { allocatedResources: resources.requests }), resources };
}

function mountsOf({ volumeMounts = [] }: Container): Pick<ContainerStatus, 'volumeMounts'> {
  if (volumeMounts.length === 0) return {};
  const told = volumeMounts.map(({ name, mountPath, readOnly }) => ({
    mountPath,
    name,
    ...(readOnly && { readOnly, recursiveReadOnly: 'Disabled' }),
  }));
  return { volumeMounts: told };
}

/** `isPast`: the last container is told of under lastState. */
function stateOf(
  facts: ContainerFacts,
  last: ObservedContainer | undefined,
): { state: ContainerState; isPast: boolean } {
  const { pod, container, memory, waiting, isOver } = facts;
  const fallback = { reason: pod.spec.initContainers?.length ? 'PodInitializing' : 'ContainerCreating' };
  const isStarting = memory.underway.has(`start:${container.name}`);
  if (!last) return { state: { waiting: waiting ?? fallback }, isPast: false };
  if (last.state === 'running' || last.state === 'unknown') {
    // It counts as running once its postStart hook is through.
    if (isStarting && container.lifecycle?.postStart && !isOver) return { state: { waiting: fallback }, isPast: false };
    return {
      state: { running: last.startedAt === undefined ? {} : { startedAt: formatTime(last.startedAt) } },
      isPast: false,
    };
  }
  if (waiting && !isOver && mayRestart(pod, container, facts.kind, last)) return { state: { waiting }, isPast: true };
  return { state: { terminated: terminatedOf(last) }, isPast: false };
}

function isReady(facts: ContainerFacts, last: ObservedContainer | undefined, state: ContainerState): boolean {
  if (facts.kind === 'ephemeral') return false;
  if (facts.kind === 'init') return state.terminated?.exitCode === 0;
  if (!last || !state.running || !isStarted(facts, last)) return false;
  return facts.container.readinessProbe ? facts.memory.probes.get(last.id)?.readiness === true : true;
}

function isStarted({ container, memory }: ContainerFacts, last: ObservedContainer | undefined): boolean {
  if (!container.startupProbe) return true;
  return last !== undefined && memory.probes.get(last.id)?.startup === true;
}

function terminatedOf(container: ObservedContainer): ContainerStateTerminated {
  const { exitCode, reason, message, startedAt, finishedAt } = container;
  return {
    exitCode,
    ...(reason !== '' && { reason }),
    ...(message !== '' && { message }),
    ...(startedAt !== undefined && { startedAt: formatTime(startedAt) }),
    ...(finishedAt !== undefined && { finishedAt: formatTime(finishedAt) }),
    containerID: containerId(container.id),
  };
}

export function containerId(id: string): string {
  return `containerd://${id}`;
}
