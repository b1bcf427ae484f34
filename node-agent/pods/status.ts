/** A pod's status, from what is wanted, what runs and what the last plan said. Pure, like the plan. */
import { formatTime } from '../../api/machinery/time.ts';
import type { Container, ContainerStatus, Pod, PodStatus } from '../../api/types/core.v1.ts';
import { conditionsOf, isThrough, OWN_CONDITIONS } from './conditions.ts';
import type { ContainerKind } from './container-kind.ts';
import { isSidecar } from './container-kind.ts';
import { containerStatusOf } from './container-status.ts';
import type { MemoryView } from './memory.ts';
import type { ObservedPod } from './observed.ts';
import type { Plan } from './plan-builder.ts';
import { qosOf } from './resources.ts';

export interface StatusInput {
  readonly pod: Pod;
  readonly observed: ObservedPod;
  readonly memory: MemoryView;
  readonly waiting: Plan['waiting'];
  /** The node's addresses, the main one first. */
  readonly hostIps: readonly string[];
  /** What was reported last; the pod's own status before the first report. */
  readonly before: PodStatus;
  /** Milliseconds since 1970. */
  readonly now: number;
}

export function statusOf(input: StatusInput): PodStatus {
  const { pod, observed, memory, hostIps, before, now } = input;
  const { initContainers = [], containers, ephemeralContainers = [] } = pod.spec;
  const inits = initContainers.map((each) => oneOf(input, each, isSidecar(each) ? 'sidecar' : 'init'));
  const apps = containers.map((each) => oneOf(input, each, 'app'));
  const ephemerals = ephemeralContainers.map((each) => oneOf(input, each, 'ephemeral'));
  const phase = phaseOf(input, inits, apps);
  const sandbox = observed.sandboxes[0];
  const hasSandbox = sandbox?.ready ?? false;
  const podIps = podIpsOf(input);
  const verdict = memory.verdict;
  return {
    ...(pod.metadata.generation !== undefined && { observedGeneration: pod.metadata.generation }),
    phase,
    conditions: conditionsOf({ pod, phase, inits, apps, hasSandbox, before: mergedConditions(pod, before), now }),
    ...(verdict?.reason !== undefined && { reason: verdict.reason }),
    ...(verdict?.message !== undefined && { message: verdict.message }),
    ...(pod.status.nominatedNodeName && { nominatedNodeName: pod.status.nominatedNodeName }),
    ...(hostIps[0] !== undefined && { hostIP: hostIps[0], hostIPs: hostIps.map((ip) => ({ ip })) }),
    ...(podIps[0] !== undefined && { podIP: podIps[0], podIPs: podIps.map((ip) => ({ ip })) }),
    startTime: formatTime(memory.startedAt),
    ...(inits.length > 0 && { initContainerStatuses: inits }),
    containerStatuses: apps,
    ...(ephemerals.length > 0 && { ephemeralContainerStatuses: ephemerals }),
    qosClass: qosOf(pod),
  };
}

/** Pods on the node's network have the node's addresses; others keep those they had when their sandbox is gone. */
export function podIpsOf({
  pod,
  observed,
  hostIps,
  before,
}: Omit<StatusInput, 'memory' | 'waiting' | 'now'>): string[] {
  const sandbox = observed.sandboxes[0];
  if (pod.spec.hostNetwork) return sandbox ? [...hostIps] : [];
  if (sandbox) return [...sandbox.ips];
  return (before.podIPs ?? []).map(({ ip }) => ip);
}

function oneOf(input: StatusInput, container: Container, kind: ContainerKind): ContainerStatus {
  const { pod, observed, memory, waiting } = input;
  const isOver = memory.stage !== 'running';
  return containerStatusOf({ pod, container, kind, observed, memory, waiting: waiting.get(container.name), isOver });
}

function phaseOf(input: StatusInput, inits: readonly ContainerStatus[], apps: readonly ContainerStatus[]): string {
  const { pod, memory } = input;
  const isEnded = memory.stage === 'ended' || memory.stage === 'gone';
  // A finished pod is told to be so once nothing of it runs.
  if (memory.verdict && isEnded) return memory.verdict.phase;
  const before = pod.status.phase;
  if (before === 'Succeeded' || before === 'Failed') return before;
  const hasBegun = apps.some(({ state, lastState }) => state.running ?? state.terminated ?? lastState.terminated);
  const count = countStates(apps);
  if (isEnded && count.stopped > 0) return count.stopped === count.succeeded ? 'Succeeded' : 'Failed';
  if (isEnded) return 'Failed';
  if (!hasBegun && inits.some((each) => !isThrough(pod, each))) return 'Pending';
  if (count.waiting > 0) return 'Pending';
  return 'Running';
}

function countStates(apps: readonly ContainerStatus[]): { stopped: number; succeeded: number; waiting: number } {
  const stopped = apps.filter(({ state, lastState }) => state.terminated ?? (state.waiting && lastState.terminated));
  const succeeded = stopped.filter(({ state }) => state.terminated?.exitCode === 0);
  const waiting = apps.filter(({ state, lastState }) => state.waiting && !lastState.terminated);
  return { stopped: stopped.length, succeeded: succeeded.length, waiting: waiting.length };
}

/** Ours as reported last; those of others as the control plane has them. */
function mergedConditions(pod: Pod, before: PodStatus): NonNullable<PodStatus['conditions']> {
  const merged = new Map((pod.status.conditions ?? []).map((condition) => [condition.type, condition]));
  for (const condition of before.conditions ?? []) {
    if (OWN_CONDITIONS.includes(condition.type)) merged.set(condition.type, condition);
  }
  return [...merged.values()];
}
