/** From CRI messages to the port's words. */
import type {
  ContainerMessage,
  ContainerStateName,
  ContainerStatsMessage,
  ContainerStatusMessage,
  ImageMessage,
  PodSandboxMessage,
  PodSandboxStatusMessage,
} from './messages.ts';
import type {
  Container,
  ContainerState,
  ContainerStatus,
  ContainerUsage,
  Image,
  Sandbox,
  SandboxStatus,
} from './port.ts';

const STATES: Record<ContainerStateName, ContainerState> = {
  CONTAINER_CREATED: 'created',
  CONTAINER_RUNNING: 'running',
  CONTAINER_EXITED: 'exited',
  CONTAINER_UNKNOWN: 'unknown',
};

export function toSandbox(message: PodSandboxMessage): Sandbox {
  const { id, metadata, labels, annotations } = message;
  return {
    id,
    uid: metadata?.uid ?? '',
    name: metadata?.name ?? '',
    namespace: metadata?.namespace ?? '',
    attempt: metadata?.attempt ?? 0,
    ready: message.state === 'SANDBOX_READY',
    createdAt: toDate(message.createdAt),
    labels,
    annotations,
  };
}

export function toSandboxStatus(message: PodSandboxStatusMessage): SandboxStatus {
  const { network } = message;
  const ips = network ? [network.ip, ...network.additionalIps.map(({ ip }) => ip)] : [];
  return { ...toSandbox(message), ips: ips.filter((ip) => ip !== '') };
}

export function toContainer(message: ContainerMessage): Container {
  return toCommon(message, message.podSandboxId);
}

export function toContainerStatus(message: ContainerStatusMessage, sandboxId: string): ContainerStatus {
  const { startedAt, finishedAt, exitCode, reason, message: text, logPath } = message;
  return {
    ...toCommon(message, sandboxId),
    startedAt: startedAt > 0 ? toDate(startedAt) : undefined,
    finishedAt: finishedAt > 0 ? toDate(finishedAt) : undefined,
    exitCode,
    reason,
    message: text,
    logPath,
  };
}

export function toImage(message: ImageMessage): Image {
  const user = message.username === '' ? (message.uid?.value.toString() ?? '') : message.username;
  const { id, repoTags: tags, repoDigests: digests, size: sizeBytes, pinned } = message;
  return { id, tags, digests, sizeBytes, user, ...(pinned && { pinned }) };
}

export function toUsage(message: ContainerStatsMessage, sandboxOf: ReadonlyMap<string, string>): ContainerUsage[] {
  const { attributes, cpu, memory } = message;
  const sandboxId = sandboxOf.get(attributes?.id ?? '');
  if (!attributes || !cpu || sandboxId === undefined) return [];
  return [
    {
      containerId: attributes.id,
      sandboxId,
      name: attributes.metadata?.name ?? '',
      cpuNanoseconds: cpu.usageCoreNanoSeconds?.value ?? 0,
      memoryBytes: memory?.workingSetBytes?.value ?? 0,
      timestamp: cpu.timestamp / 1e6,
    },
  ];
}

function toCommon(message: ContainerMessage | ContainerStatusMessage, sandboxId: string): Container {
  const { id, metadata, image, imageRef, state, labels, annotations } = message;
  return {
    id,
    sandboxId,
    name: metadata?.name ?? '',
    attempt: metadata?.attempt ?? 0,
    state: STATES[state] ?? 'unknown',
    image: image?.image ?? '',
    imageRef,
    createdAt: toDate(message.createdAt),
    labels,
    annotations,
  };
}

function toDate(nanoseconds: number): Date {
  return new Date(nanoseconds / 1e6);
}
