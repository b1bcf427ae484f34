/**
 * A container runtime that exists in memory only: it keeps the promises of the port, and lets a test or a simulation say
 * how containers end, what commands answer and which pulls fail. One costs a few maps and no timers of its own, so that
 * a thousand fit into one process.
 */
import { randomBytes } from 'node:crypto';
import { appendFileSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import type { Clock } from '../../lib/clock.ts';
import { MemoryImages } from './memory-images.ts';
import type { ContainerRecord, Program, SandboxRecord } from './memory-records.ts';
import { newContainer, newSandbox } from './memory-records.ts';
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

export type { Program } from './memory-records.ts';

export interface ExecResult {
  exitCode: number;
  stdout?: string;
  stderr?: string;
}

export interface MemoryRuntimeOptions {
  clock: Clock;
  /** The first two bytes of the addresses that sandboxes get, `10.244` by default. */
  network?: string;
  /** Chooses what each container does. */
  program?: (config: ContainerConfig, sandbox: SandboxConfig) => Program;
  /** Answers execSync; by default every command succeeds without a word. */
  exec?: (container: Container, command: string[]) => ExecResult | Promise<ExecResult>;
  /** Runs before each call: rejecting makes the call fail, pending makes it wait. */
  intercept?: (method: keyof Runtime, subject: string) => void | Promise<void>;
  /** Whether {@link MemoryRuntime.log} writes CRI log files. */
  writeLogs?: boolean;
  /** For how long after an exit the status still says running, as containerd's does. 0 by default. */
  statusLagMilliseconds?: number;
}

export class MemoryRuntime implements Runtime {
  readonly images = new MemoryImages();
  private readonly options: MemoryRuntimeOptions;
  private readonly sandboxes = new Map<string, SandboxRecord>();
  private readonly containers = new Map<string, ContainerRecord>();
  private readonly listeners = new Set<(event: RuntimeEvent) => void>();
  private addresses = 0;
  private connected = true;

  constructor(options: MemoryRuntimeOptions) {
    this.options = options;
  }

  // --- what happens on request -------------------------------------------------------------------------------------

  /** Ends a running container, as its own process would. */
  exit(id: string, exitCode: number, reason = exitCode === 0 ? 'Completed' : 'Error'): void {
    const record = this.container(id);
    if (record.status.state !== 'running' || record.ended) return;
    record.ended = true;
    record.timer?.cancel();
    const finishedAt = this.options.clock.date();
    const settle = (): void => {
      Object.assign(record.status, { state: 'exited', exitCode, reason, finishedAt });
    };
    const lag = this.options.statusLagMilliseconds ?? 0;
    if (lag > 0) this.options.clock.after(lag, settle);
    else settle();
    this.emit({ type: 'exited', containerId: id, exitCode, exitedAt: finishedAt });
    for (const done of record.waiting.splice(0)) done();
  }

  /** The kernel kills the container for using more memory than it may. */
  outOfMemory(id: string): void {
    this.emit({ type: 'oom', containerId: id });
    this.exit(id, 137, 'OOMKilled');
  }

  /** The sandbox dies without anyone having asked: its pause process was killed, or the host restarted. */
  crashSandbox(id: string): void {
    const record = this.sandbox(id);
    for (const [containerId, member] of this.containers) {
      if (member.status.sandboxId === id) this.exit(containerId, 137);
    }
    if (!record.status.ready) return;
    record.status.ready = false;
    this.emit({ type: 'exited', containerId: id, exitCode: 137, exitedAt: this.options.clock.date() });
  }

  /** Every call fails as unavailable until {@link reconnect}; containers go on. */
  disconnect(): void {
    this.connected = false;
  }

  reconnect(): void {
    this.connected = true;
    this.emit({ type: 'resync' });
  }

  /** Writes lines to the container's log file, when the runtime was made to write logs. */
  log(id: string, stream: 'stdout' | 'stderr', ...lines: string[]): void {
    if (!this.options.writeLogs) return;
    const file = this.container(id).status.logPath;
    const time = this.options.clock.date().toISOString();
    appendFileSync(file, lines.map((line) => `${time} ${stream} F ${line}\n`).join(''));
  }

  /** The limits that a container has now, for tests of updates. */
  resourcesOf(id: string): ContainerResources {
    return this.container(id).resources;
  }

  /** What a container was created with. */
  configOf(id: string): ContainerConfig {
    return this.container(id).config;
  }

  // --- the port ----------------------------------------------------------------------------------------------------

  async version(): Promise<{ name: string; version: string; apiVersion: string }> {
    await this.enter('version', '');
    return { name: 'memory', version: '1.0.0', apiVersion: 'v1' };
  }

  async problems(): Promise<string[]> {
    await this.enter('problems', '');
    return [];
  }

  subscribe(listener: (event: RuntimeEvent) => void): () => void {
    this.listeners.add(listener);
    queueMicrotask(() => {
      if (this.connected && this.listeners.has(listener)) listener({ type: 'resync' });
    });
    return () => void this.listeners.delete(listener);
  }

  async runSandbox(config: SandboxConfig): Promise<string> {
    await this.enter('runSandbox', config.name);
    this.refuseTwin(config);
    const id = newId();
    const ips = config.hostNetwork ? [] : [this.nextAddress()];
    this.sandboxes.set(id, newSandbox(id, config, ips, this.options.clock.date()));
    if (this.options.writeLogs) mkdirSync(config.logDirectory, { recursive: true });
    this.emit({ type: 'started', containerId: id });
    return id;
  }

  async stopSandbox(id: string): Promise<void> {
    await this.enter('stopSandbox', id);
    if (this.sandboxes.has(id)) this.crashSandbox(id);
  }

  async removeSandbox(id: string): Promise<void> {
    await this.enter('removeSandbox', id);
    if (!this.sandboxes.has(id)) return;
    this.crashSandbox(id);
    for (const [containerId, record] of this.containers) {
      if (record.status.sandboxId === id) this.containers.delete(containerId);
    }
    this.sandboxes.delete(id);
  }

  async sandboxStatus(id: string): Promise<SandboxStatus> {
    await this.enter('sandboxStatus', id);
    return structuredClone(this.sandbox(id).status);
  }

  async listSandboxes(): Promise<Sandbox[]> {
    await this.enter('listSandboxes', '');
    return [...this.sandboxes.values()].map(({ status: { ips: _ips, ...sandbox } }) => structuredClone(sandbox));
  }

  async createContainer(sandboxId: string, config: ContainerConfig, sandbox: SandboxConfig): Promise<string> {
    await this.enter('createContainer', config.name);
    const record = this.sandbox(sandboxId);
    if (!record.status.ready) throw new RuntimeError('Other', `sandbox ${sandboxId} is not running`);
    const image = this.images.find(config.image);
    if (!image) throw new RuntimeError('NotFound', `image ${config.image} not found`);
    const id = newId();
    const program = this.options.program?.(config, sandbox) ?? {};
    this.containers.set(id, newContainer(id, record, config, image, program, this.options.clock.date()));
    return id;
  }

  async startContainer(id: string): Promise<void> {
    await this.enter('startContainer', id);
    const { status, program, ...record } = this.container(id);
    if (status.state !== 'created') throw new RuntimeError('Other', `container ${id} is ${status.state}, not created`);
    const startedAt = this.options.clock.date();
    if (program.startError !== undefined) {
      const end = { state: 'exited', exitCode: 128, reason: 'StartError', message: program.startError } as const;
      Object.assign(status, end, { finishedAt: startedAt });
      throw new RuntimeError('Other', program.startError);
    }
    if (this.options.writeLogs && record.config.logPath !== '') {
      mkdirSync(path.dirname(status.logPath), { recursive: true });
      appendFileSync(status.logPath, '');
    }
    Object.assign(status, { state: 'running', startedAt });
    this.emit({ type: 'started', containerId: id });
    if (program.exitAfterMilliseconds !== undefined) this.endAfter(id, program.exitAfterMilliseconds, program.exitCode);
  }

  async stopContainer(id: string, graceSeconds: number): Promise<void> {
    await this.enter('stopContainer', id);
    const record = this.containers.get(id);
    if (record?.status.state !== 'running' || record.ended) return;
    const ended = new Promise<void>((resolve) => record.waiting.push(resolve));
    const reaction = record.program.onTerminate ?? { afterMilliseconds: 0, exitCode: 143 };
    const grace = graceSeconds * 1000;
    if (reaction === 'ignore' || reaction.afterMilliseconds > grace) this.endAfter(id, grace, 137);
    else this.endAfter(id, reaction.afterMilliseconds, reaction.exitCode);
    await ended;
  }

  async removeContainer(id: string): Promise<void> {
    await this.enter('removeContainer', id);
    if (!this.containers.has(id)) return;
    this.exit(id, 137);
    this.containers.delete(id);
  }

  async containerStatus(id: string): Promise<ContainerStatus> {
    await this.enter('containerStatus', id);
    return structuredClone(this.container(id).status);
  }

  async listContainers(): Promise<Container[]> {
    await this.enter('listContainers', '');
    return [...this.containers.values()].map(({ status }) => {
      const {
        startedAt: _s,
        finishedAt: _f,
        exitCode: _e,
        reason: _r,
        message: _m,
        logPath: _l,
        ...container
      } = status;
      return structuredClone(container);
    });
  }

  async updateContainer(id: string, resources: ContainerResources): Promise<void> {
    await this.enter('updateContainer', id);
    Object.assign(this.container(id).resources, resources);
  }

  async reopenLog(id: string): Promise<void> {
    await this.enter('reopenLog', id);
    const { status } = this.container(id);
    if (status.state !== 'running') throw new RuntimeError('Other', `container ${id} is not running`);
    if (this.options.writeLogs) appendFileSync(status.logPath, '');
  }

  async execSync(
    id: string,
    command: string[],
    _timeoutSeconds: number,
  ): Promise<{ exitCode: number; stdout: Buffer; stderr: Buffer }> {
    await this.enter('execSync', id);
    const record = this.container(id);
    if (record.status.state !== 'running') throw new RuntimeError('Other', `container ${id} is not running`);
    const result = (await this.options.exec?.(record.status, command)) ?? { exitCode: 0 };
    return {
      exitCode: result.exitCode,
      stdout: Buffer.from(result.stdout ?? ''),
      stderr: Buffer.from(result.stderr ?? ''),
    };
  }

  execUrl(): Promise<string> {
    return Promise.reject(new RuntimeError('Other', 'containers in memory have no streams'));
  }

  attachUrl(): Promise<string> {
    return this.execUrl();
  }

  portForwardUrl(): Promise<string> {
    return this.execUrl();
  }

  async usage(): Promise<ContainerUsage[]> {
    await this.enter('usage', '');
    const timestamp = this.options.clock.date().getTime();
    const running = [...this.containers.values()].filter(({ status }) => status.state === 'running');
    return running.map(({ status }) => ({
      containerId: status.id,
      sandboxId: status.sandboxId,
      name: status.name,
      cpuNanoseconds: (timestamp - (status.startedAt?.getTime() ?? timestamp)) * 1000,
      memoryBytes: 1 << 20,
      timestamp,
    }));
  }

  async imageStatus(reference: string): Promise<Image | undefined> {
    await this.enter('imageStatus', reference);
    return this.images.find(reference);
  }

  async pullImage(reference: string, _auth: RegistryAuth | undefined): Promise<string> {
    await this.enter('pullImage', reference);
    return this.images.pull(reference).id;
  }

  async listImages(): Promise<Image[]> {
    await this.enter('listImages', '');
    return this.images.list();
  }

  async removeImage(reference: string): Promise<void> {
    await this.enter('removeImage', reference);
    this.images.remove(reference);
  }

  // --- inside ------------------------------------------------------------------------------------------------------

  private async enter(method: keyof Runtime, subject: string): Promise<void> {
    await this.options.intercept?.(method, subject);
    if (!this.connected) throw new RuntimeError('Unavailable', 'the runtime does not answer');
  }

  private emit(event: RuntimeEvent): void {
    if (!this.connected) return;
    for (const listener of this.listeners) queueMicrotask(() => this.listeners.has(listener) && listener(event));
  }

  private endAfter(id: string, milliseconds: number, exitCode = 0): void {
    const record = this.container(id);
    record.timer?.cancel();
    if (milliseconds <= 0) this.exit(id, exitCode);
    else record.timer = this.options.clock.after(milliseconds, () => this.exit(id, exitCode));
  }

  private sandbox(id: string): SandboxRecord {
    const record = this.sandboxes.get(id);
    if (!record) throw new RuntimeError('NotFound', `sandbox ${id} not found`);
    return record;
  }

  private container(id: string): ContainerRecord {
    const record = this.containers.get(id);
    if (!record) throw new RuntimeError('NotFound', `container ${id} not found`);
    return record;
  }

  /** Two sandboxes can't share name, namespace, uid and attempt, as in every CRI runtime. */
  private refuseTwin(config: SandboxConfig): void {
    for (const { status } of this.sandboxes.values()) {
      if (status.uid === config.uid && status.attempt === config.attempt && status.name === config.name) {
        throw new RuntimeError(
          'AlreadyExists',
          `sandbox ${config.name} attempt ${config.attempt} exists as ${status.id}`,
        );
      }
    }
  }

  private nextAddress(): string {
    this.addresses = (this.addresses + 1) % 65_534;
    const last = this.addresses + 1;
    return `${this.options.network ?? '10.244'}.${last >> 8}.${last & 255}`;
  }
}

function newId(): string {
  return randomBytes(32).toString('hex');
}
