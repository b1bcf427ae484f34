/** The runtime over CRI v1, spoken to containerd on its unix socket. */
import type { Clock } from '../../lib/clock.ts';
import type { Log } from '../../lib/log.ts';
import { toContainer, toContainerStatus, toImage, toSandbox, toSandboxStatus, toUsage } from './answers.ts';
import { ContainerdEvents } from './events.ts';
import { RuntimeConnection } from './grpc.ts';
import { Protocol } from '../../lib/protocol.ts';
import type {
  ContainerMessage,
  ContainerStatsMessage,
  ContainerStatusMessage,
  ImageMessage,
  PodSandboxMessage,
  PodSandboxStatusMessage,
} from './messages.ts';
import type {
  Container,
  ContainerConfig,
  ContainerResources,
  ContainerStatus,
  ContainerUsage,
  Image,
  RegistryAuth,
  Runtime,
  RuntimeEvent,
  Sandbox,
  SandboxConfig,
  SandboxStatus,
} from './port.ts';
import { RuntimeError } from './port.ts';
import { containerMessage, resourcesMessage, sandboxMessage } from './requests.ts';

/** How long calls may take, in milliseconds. A sandbox waits for CNI, a pull for the network. */
const DEADLINE = { query: 30_000, change: 120_000, sandbox: 240_000, pull: 3_600_000, spare: 30_000 };
/** containerd's labels do not name the sandbox in a status; this many answers of lists are kept for it. */
const KNOWN_CONTAINERS = 10_000;

export interface CriRuntimeOptions {
  /** Path of the unix socket. */
  socket: string;
  clock: Clock;
  log: Log;
}

export class CriRuntime implements Runtime {
  private readonly connection: RuntimeConnection;
  private readonly eventConnection: RuntimeConnection;
  private readonly events: ContainerdEvents;
  private readonly sandboxOf = new Map<string, string>();

  constructor({ socket, clock, log }: CriRuntimeOptions) {
    const eventProtocol = new Protocol('containerd.proto', { enums: String });
    this.connection = new RuntimeConnection(socket, new Protocol('cri.proto', { enums: String }));
    this.eventConnection = new RuntimeConnection(socket, eventProtocol);
    this.events = new ContainerdEvents({ connection: this.eventConnection, protocol: eventProtocol, clock, log });
  }

  /** Calls under way fail. Containers go on. */
  close(): void {
    this.events.stop();
    this.eventConnection.close();
    this.connection.close();
  }

  async version(): Promise<{ name: string; version: string; apiVersion: string }> {
    const answer = await this.runtime<{ runtimeName: string; runtimeVersion: string; runtimeApiVersion: string }>(
      'Version',
      { version: 'v1' },
    );
    return { name: answer.runtimeName, version: answer.runtimeVersion, apiVersion: answer.runtimeApiVersion };
  }

  async problems(): Promise<string[]> {
    type Condition = { type: string; status: boolean; reason: string; message: string };
    const { status } = await this.runtime<{ status: { conditions: Condition[] } | null }>('Status', {});
    const bad = (status?.conditions ?? []).filter((condition) => !condition.status);
    return bad.map(({ type, reason, message }) => `${type}: ${message || reason}`);
  }

  subscribe(listener: (event: RuntimeEvent) => void): () => void {
    return this.events.subscribe(listener);
  }

  async runSandbox(config: SandboxConfig): Promise<string> {
    const request = { config: sandboxMessage(config), runtimeHandler: config.runtimeHandler };
    return (await this.runtime<{ podSandboxId: string }>('RunPodSandbox', request, DEADLINE.sandbox)).podSandboxId;
  }

  async stopSandbox(id: string): Promise<void> {
    await ignoreMissing(this.runtime('StopPodSandbox', { podSandboxId: id }, DEADLINE.sandbox));
  }

  async removeSandbox(id: string): Promise<void> {
    await ignoreMissing(this.runtime('RemovePodSandbox', { podSandboxId: id }, DEADLINE.change));
  }

  async sandboxStatus(id: string): Promise<SandboxStatus> {
    const { status } = await this.runtime<{ status: PodSandboxStatusMessage | null }>('PodSandboxStatus', {
      podSandboxId: id,
    });
    if (!status) throw new RuntimeError('NotFound', `sandbox ${id} has no status`);
    return toSandboxStatus(status);
  }

  async listSandboxes(): Promise<Sandbox[]> {
    return (await this.runtime<{ items: PodSandboxMessage[] }>('ListPodSandbox', {})).items.map(toSandbox);
  }

  async createContainer(sandboxId: string, config: ContainerConfig, sandbox: SandboxConfig): Promise<string> {
    const request = {
      podSandboxId: sandboxId,
      config: containerMessage(config, sandbox),
      sandboxConfig: sandboxMessage(sandbox),
    };
    const { containerId } = await this.runtime<{ containerId: string }>('CreateContainer', request, DEADLINE.change);
    this.remember(containerId, sandboxId);
    return containerId;
  }

  async startContainer(id: string): Promise<void> {
    await this.runtime('StartContainer', { containerId: id }, DEADLINE.change);
  }

  async stopContainer(id: string, graceSeconds: number): Promise<void> {
    const deadline = graceSeconds * 1000 + DEADLINE.spare;
    await ignoreMissing(this.runtime('StopContainer', { containerId: id, timeout: graceSeconds }, deadline));
  }

  async removeContainer(id: string): Promise<void> {
    await ignoreMissing(this.runtime('RemoveContainer', { containerId: id }, DEADLINE.change));
    this.sandboxOf.delete(id);
  }

  async containerStatus(id: string): Promise<ContainerStatus> {
    const { status } = await this.runtime<{ status: ContainerStatusMessage | null }>('ContainerStatus', {
      containerId: id,
    });
    if (!status) throw new RuntimeError('NotFound', `container ${id} has no status`);
    return toContainerStatus(status, await this.findSandbox(status.id));
  }

  async listContainers(): Promise<Container[]> {
    return (await this.containerMessages()).map(toContainer);
  }

  async updateContainer(id: string, resources: ContainerResources): Promise<void> {
    const request = { containerId: id, linux: resourcesMessage(resources) };
    await this.runtime('UpdateContainerResources', request, DEADLINE.change);
  }

  async reopenLog(id: string): Promise<void> {
    await this.runtime('ReopenContainerLog', { containerId: id });
  }

  async execSync(
    id: string,
    command: string[],
    timeoutSeconds: number,
  ): Promise<{ exitCode: number; stdout: Buffer; stderr: Buffer }> {
    const request = { containerId: id, cmd: command, timeout: timeoutSeconds };
    return this.runtime('ExecSync', request, timeoutSeconds * 1000 + DEADLINE.spare);
  }

  async execUrl(
    id: string,
    options: { command: string[]; stdin: boolean; stdout: boolean; stderr: boolean; tty: boolean },
  ): Promise<string> {
    const { command, ...streams } = options;
    return (await this.runtime<{ url: string }>('Exec', { containerId: id, cmd: command, ...streams })).url;
  }

  async attachUrl(
    id: string,
    options: { stdin: boolean; stdout: boolean; stderr: boolean; tty: boolean },
  ): Promise<string> {
    return (await this.runtime<{ url: string }>('Attach', { containerId: id, ...options })).url;
  }

  async portForwardUrl(sandboxId: string): Promise<string> {
    return (await this.runtime<{ url: string }>('PortForward', { podSandboxId: sandboxId })).url;
  }

  async usage(): Promise<ContainerUsage[]> {
    const [{ stats }, containers] = await Promise.all([
      this.runtime<{ stats: ContainerStatsMessage[] }>('ListContainerStats', {}),
      this.containerMessages(),
    ]);
    const sandboxOf = new Map(containers.map(({ id, podSandboxId }) => [id, podSandboxId]));
    return stats.flatMap((message) => toUsage(message, sandboxOf));
  }

  async imageStatus(reference: string): Promise<Image | undefined> {
    const { image } = await this.image<{ image: ImageMessage | null }>('ImageStatus', { image: { image: reference } });
    return image ? toImage(image) : undefined;
  }

  async pullImage(reference: string, auth: RegistryAuth | undefined): Promise<string> {
    const request = { image: { image: reference }, auth };
    return (await this.image<{ imageRef: string }>('PullImage', request, DEADLINE.pull)).imageRef;
  }

  async listImages(): Promise<Image[]> {
    return (await this.image<{ images: ImageMessage[] }>('ListImages', {})).images.map(toImage);
  }

  async removeImage(reference: string): Promise<void> {
    await ignoreMissing(this.image('RemoveImage', { image: { image: reference } }, DEADLINE.change));
  }

  private runtime<T>(method: string, request: object, timeout = DEADLINE.query): Promise<T> {
    return this.connection.call<T>(`runtime.v1.RuntimeService/${method}`, request, timeout);
  }

  private image<T>(method: string, request: object, timeout = DEADLINE.query): Promise<T> {
    return this.connection.call<T>(`runtime.v1.ImageService/${method}`, request, timeout);
  }

  private async containerMessages(filter: object = {}): Promise<ContainerMessage[]> {
    return (await this.runtime<{ containers: ContainerMessage[] }>('ListContainers', { filter })).containers;
  }

  /** A container's status does not name its sandbox, and a container never changes it. */
  private async findSandbox(id: string): Promise<string> {
    const known = this.sandboxOf.get(id);
    if (known !== undefined) return known;
    const [container] = await this.containerMessages({ id });
    if (!container) throw new RuntimeError('NotFound', `container ${id} not found`);
    this.remember(id, container.podSandboxId);
    return container.podSandboxId;
  }

  private remember(containerId: string, sandboxId: string): void {
    if (this.sandboxOf.size >= KNOWN_CONTAINERS) this.sandboxOf.clear();
    this.sandboxOf.set(containerId, sandboxId);
  }
}

async function ignoreMissing(call: Promise<unknown>): Promise<void> {
  try {
    await call;
  } catch (error) {
    if (!(error instanceof RuntimeError && error.code === 'NotFound')) throw error;
  }
}
