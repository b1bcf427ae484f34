/** CRI messages as they come out of the decoder: every field is there, absent messages are null, longs are numbers. */

export interface Metadata {
  name: string;
  uid: string;
  namespace: string;
  attempt: number;
}

export interface PodSandboxMessage {
  id: string;
  metadata: Metadata | null;
  state: 'SANDBOX_READY' | 'SANDBOX_NOTREADY';
  /** Nanoseconds since 1970, as are all times here. */
  createdAt: number;
  labels: Record<string, string>;
  annotations: Record<string, string>;
}

export interface PodSandboxStatusMessage extends PodSandboxMessage {
  network: { ip: string; additionalIps: { ip: string }[] } | null;
}

export type ContainerStateName = 'CONTAINER_CREATED' | 'CONTAINER_RUNNING' | 'CONTAINER_EXITED' | 'CONTAINER_UNKNOWN';

interface ContainerCommon {
  id: string;
  metadata: { name: string; attempt: number } | null;
  image: { image: string } | null;
  imageRef: string;
  state: ContainerStateName;
  createdAt: number;
  labels: Record<string, string>;
  annotations: Record<string, string>;
}

export interface ContainerMessage extends ContainerCommon {
  podSandboxId: string;
}

export interface ContainerStatusMessage extends ContainerCommon {
  startedAt: number;
  finishedAt: number;
  exitCode: number;
  reason: string;
  message: string;
  logPath: string;
}

export interface ImageMessage {
  id: string;
  repoTags: string[];
  repoDigests: string[];
  size: number;
  uid: { value: number } | null;
  username: string;
  pinned: boolean;
}

export interface ContainerStatsMessage {
  attributes: { id: string; metadata: { name: string } | null } | null;
  cpu: { timestamp: number; usageCoreNanoSeconds: { value: number } | null } | null;
  memory: { workingSetBytes: { value: number } | null } | null;
}
