/** What the in-memory runtime keeps of each sandbox and container, and how they begin. */
import path from 'node:path';
import type { Timer } from '../../lib/clock.ts';
import type {
  ContainerConfig,
  ContainerResources,
  ContainerStatus,
  Image,
  SandboxConfig,
  SandboxStatus,
} from './port.ts';

/** What a container does once it has been started. Without any of these it runs until it is stopped. */
export interface Program {
  /** The start itself fails with this message (a missing executable, say). */
  startError?: string;
  /** Ends by itself after this time, with `exitCode`. */
  exitAfterMilliseconds?: number;
  exitCode?: number;
  /** How it takes SIGTERM: ends after a time with a code, or not at all. By default at once, with 143. */
  onTerminate?: { afterMilliseconds: number; exitCode: number } | 'ignore';
}

export interface SandboxRecord {
  status: SandboxStatus;
  config: SandboxConfig;
}

export interface ContainerRecord {
  status: ContainerStatus;
  config: ContainerConfig;
  program: Program;
  resources: ContainerResources;
  timer: Timer | undefined;
  /** Ended, though the status may not say so yet. */
  ended: boolean;
  /** Called when it ends. */
  waiting: (() => void)[];
}

export function newSandbox(id: string, config: SandboxConfig, ips: string[], createdAt: Date): SandboxRecord {
  const { name, namespace, uid, attempt, labels, annotations } = config;
  return { config, status: { id, name, namespace, uid, attempt, labels, annotations, ips, ready: true, createdAt } };
}

export function newContainer(
  id: string,
  sandbox: SandboxRecord,
  config: ContainerConfig,
  image: Image,
  program: Program,
  createdAt: Date,
): ContainerRecord {
  const { name, attempt, labels, annotations } = config;
  const status: ContainerStatus = {
    id,
    sandboxId: sandbox.status.id,
    name,
    attempt,
    state: 'created',
    image: config.image,
    imageRef: image.digests[0] ?? image.id,
    createdAt,
    labels,
    annotations,
    startedAt: undefined,
    finishedAt: undefined,
    exitCode: 0,
    reason: '',
    message: '',
    logPath: path.join(sandbox.config.logDirectory, config.logPath),
  };
  return { config, program, status, resources: { ...config.resources }, timer: undefined, ended: false, waiting: [] };
}
