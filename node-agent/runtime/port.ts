/**
 * What the agent asks of the container runtime: CRI v1, in this project's words. `cri` speaks it over gRPC, `memory` is
 * a stateful stand-in for tests and for simulating nodes; both pass `test/contract/runtime.ts`.
 *
 * Calls reject with {@link RuntimeError}.
 */

export interface SandboxConfig {
  name: string;
  namespace: string;
  uid: string;
  /** Counts the sandboxes of one pod. */
  attempt: number;
  hostname: string;
  logDirectory: string;
  dns: { servers: string[]; searches: string[]; options: string[] } | undefined;
  portMappings: { protocol: 'TCP' | 'UDP' | 'SCTP'; containerPort: number; hostPort: number; hostIp: string }[];
  labels: Record<string, string>;
  annotations: Record<string, string>;
  cgroupParent: string;
  hostNetwork: boolean;
  hostPid: boolean;
  hostIpc: boolean;
  shareProcessNamespace: boolean;
  security: SandboxSecurity;
  sysctls: Record<string, string>;
  /** What the runtime calls the way to run it; '' is its default. */
  runtimeHandler: string;
}

export interface ContainerConfig {
  name: string;
  attempt: number;
  /** What {@link Runtime.imageStatus} named it. */
  image: string;
  command: string[];
  args: string[];
  workingDirectory: string;
  env: { name: string; value: string }[];
  mounts: {
    containerPath: string;
    hostPath: string;
    readonly: boolean;
    propagation: 'None' | 'HostToContainer' | 'Bidirectional';
  }[];
  labels: Record<string, string>;
  annotations: Record<string, string>;
  /** Relative to the sandbox's log directory. */
  logPath: string;
  stdin: boolean;
  stdinOnce: boolean;
  tty: boolean;
  resources: ContainerResources;
  security: ContainerSecurity;
}

export interface ContainerResources {
  cpuShares?: number;
  /** Microseconds of CPU in each period of `cpuPeriod` microseconds. */
  cpuQuota?: number;
  cpuPeriod?: number;
  memoryLimitBytes?: number;
  oomScoreAdj?: number;
}

/** Of the pod's own process. */
export interface SandboxSecurity {
  /** Whether privileged containers may run in it. */
  privileged: boolean;
  runAsUser?: number;
  runAsGroup?: number;
  supplementalGroups: number[];
  selinux?: SelinuxLabel;
}

export interface SelinuxLabel {
  user?: string;
  role?: string;
  type?: string;
  level?: string;
}

/** By what the runtime thinks best, not at all, or by a profile of the node. */
export type Confinement = 'RuntimeDefault' | 'Unconfined' | { profile: string };

export interface ContainerSecurity {
  privileged: boolean;
  readonlyRootfs: boolean;
  runAsUser?: number;
  runAsGroup?: number;
  supplementalGroups: number[];
  noNewPrivileges: boolean;
  addCapabilities: string[];
  dropCapabilities: string[];
  /** Which system calls are filtered. A profile is a file's absolute path. */
  seccomp: Confinement;
  /** A profile is the name of one that the kernel has loaded. */
  apparmor?: Confinement;
  selinux?: SelinuxLabel;
  /** The id of a container of the same sandbox whose processes it shall see. */
  processesOf?: string;
}

export interface Sandbox {
  id: string;
  uid: string;
  name: string;
  namespace: string;
  attempt: number;
  ready: boolean;
  createdAt: Date;
  labels: Record<string, string>;
  annotations: Record<string, string>;
}

export interface SandboxStatus extends Sandbox {
  /** Empty on the host's network. The first one is the pod's address. */
  ips: string[];
}

export type ContainerState = 'created' | 'running' | 'exited' | 'unknown';

export interface Container {
  id: string;
  sandboxId: string;
  name: string;
  attempt: number;
  state: ContainerState;
  image: string;
  imageRef: string;
  createdAt: Date;
  labels: Record<string, string>;
  annotations: Record<string, string>;
}

export interface ContainerStatus extends Container {
  startedAt: Date | undefined;
  finishedAt: Date | undefined;
  exitCode: number;
  /** `OOMKilled`, `Error`, `Completed`, `StartError`, … */
  reason: string;
  message: string;
  /** Absolute. */
  logPath: string;
}

export interface Image {
  id: string;
  tags: string[];
  digests: string[];
  sizeBytes: number;
  /** What the image says it wants to run as; undefined when it says nothing. */
  user: string;
  /** Whether the runtime itself needs it. */
  pinned?: boolean;
}

/** For whichever host serves the image: the runtime would compare a name with those of mirrors, and send nothing. */
export interface RegistryAuth {
  username: string;
  password: string;
}

export interface ContainerUsage {
  containerId: string;
  sandboxId: string;
  name: string;
  /** Nanoseconds of CPU used since it started. */
  cpuNanoseconds: number;
  memoryBytes: number;
  /** When it was measured, in milliseconds since 1970. */
  timestamp: number;
}

export type RuntimeEvent =
  | { type: 'started'; containerId: string }
  /** Also for sandboxes: then `containerId` is the sandbox's id. The exit code here is right before the status is. */
  | { type: 'exited'; containerId: string; exitCode: number; exitedAt: Date }
  | { type: 'oom'; containerId: string }
  /** Events may have been missed: list everything again. Sent after each (re)connect. */
  | { type: 'resync' };

export interface Runtime {
  version(): Promise<{ name: string; version: string; apiVersion: string }>;
  /** Why it can't run pods now; empty when it can. */
  problems(): Promise<string[]>;
  /** Calls `listener` for every event until the returned function is called; reconnects by itself. */
  subscribe(listener: (event: RuntimeEvent) => void): () => void;

  runSandbox(config: SandboxConfig): Promise<string>;
  /** Stops its containers and takes down its network. Done when it is gone already. */
  stopSandbox(id: string): Promise<void>;
  removeSandbox(id: string): Promise<void>;
  sandboxStatus(id: string): Promise<SandboxStatus>;
  listSandboxes(): Promise<Sandbox[]>;

  createContainer(sandboxId: string, config: ContainerConfig, sandbox: SandboxConfig): Promise<string>;
  startContainer(id: string): Promise<void>;
  /** SIGTERM, and SIGKILL after `graceSeconds`. Resolves when it has ended. */
  stopContainer(id: string, graceSeconds: number): Promise<void>;
  removeContainer(id: string): Promise<void>;
  containerStatus(id: string): Promise<ContainerStatus>;
  listContainers(): Promise<Container[]>;
  updateContainer(id: string, resources: ContainerResources): Promise<void>;
  reopenLog(id: string): Promise<void>;

  execSync(
    id: string,
    command: string[],
    timeoutSeconds: number,
  ): Promise<{ exitCode: number; stdout: Buffer; stderr: Buffer }>;
  /** Addresses of containerd's streaming server, to be used once. */
  execUrl(
    id: string,
    options: { command: string[]; stdin: boolean; stdout: boolean; stderr: boolean; tty: boolean },
  ): Promise<string>;
  attachUrl(id: string, options: { stdin: boolean; stdout: boolean; stderr: boolean; tty: boolean }): Promise<string>;
  portForwardUrl(sandboxId: string): Promise<string>;

  usage(): Promise<ContainerUsage[]>;

  /** undefined when it is not on this node. */
  imageStatus(reference: string): Promise<Image | undefined>;
  /** Returns the image's id. The error's message is the registry's own. */
  pullImage(reference: string, auth: RegistryAuth | undefined): Promise<string>;
  listImages(): Promise<Image[]>;
  removeImage(reference: string): Promise<void>;
}

export class RuntimeError extends Error {
  override readonly name = 'RuntimeError';
  readonly code: 'NotFound' | 'Unavailable' | 'DeadlineExceeded' | 'AlreadyExists' | 'Other';
  constructor(code: RuntimeError['code'], message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
