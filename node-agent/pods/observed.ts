/** What the runtime holds of one pod, as the planner sees it. Times are milliseconds since 1970. */
import type { ResourceRequirements } from '../../api/types/core.v1.ts';
import type { Container, ContainerStatus, Sandbox } from '../runtime/port.ts';
import { ANNOTATION } from './labels.ts';

export interface ObservedSandbox {
  readonly id: string;
  readonly attempt: number;
  readonly ready: boolean;
  readonly createdAt: number;
  /** Empty on the host's network. */
  readonly ips: readonly string[];
}

export interface ObservedContainer {
  readonly id: string;
  readonly sandboxId: string;
  readonly name: string;
  /** How often a container of this name was made before it: its restart count. */
  readonly attempt: number;
  readonly state: 'created' | 'running' | 'exited' | 'unknown';
  readonly hash: string;
  readonly image: string;
  readonly imageRef: string;
  readonly createdAt: number;
  readonly startedAt: number | undefined;
  readonly finishedAt: number | undefined;
  readonly exitCode: number;
  readonly reason: string;
  readonly message: string;
  readonly logPath: string;
  /** What it was made with; undefined when an agent made it that did not note it. */
  readonly resources: ResourceRequirements | undefined;
}

/** Both lists have the newest first. */
export interface ObservedPod {
  readonly sandboxes: readonly ObservedSandbox[];
  readonly containers: readonly ObservedContainer[];
}

export const NOTHING_OBSERVED: ObservedPod = { sandboxes: [], containers: [] };

export function isLive(container: ObservedContainer): boolean {
  return container.state === 'running' || container.state === 'unknown';
}

/** The newest of that name, in whatever sandbox. */
export function newestOf(observed: ObservedPod, name: string): ObservedContainer | undefined {
  return observed.containers.find((container) => container.name === name);
}

export function observeSandbox(sandbox: Sandbox, ips: readonly string[]): ObservedSandbox {
  const { id, attempt, ready } = sandbox;
  return { id, attempt, ready, createdAt: sandbox.createdAt.getTime(), ips };
}

export function observeContainer(status: ContainerStatus): ObservedContainer {
  return {
    id: status.id,
    sandboxId: status.sandboxId,
    name: status.name,
    attempt: status.attempt,
    state: status.state,
    hash: status.annotations[ANNOTATION.hash] ?? '',
    image: status.image,
    imageRef: status.imageRef,
    createdAt: status.createdAt.getTime(),
    startedAt: status.startedAt?.getTime(),
    finishedAt: status.finishedAt?.getTime(),
    exitCode: status.exitCode,
    reason: status.reason,
    message: status.message,
    logPath: status.logPath,
    resources: parseResources(status.annotations[ANNOTATION.resources]),
  };
}

/** Only what this program wrote is read here: containers of others carry no label of ours. */
function parseResources(text: string | undefined): ResourceRequirements | undefined {
  return text === undefined ? undefined : (JSON.parse(text) as ResourceRequirements);
}

/** What a listing alone tells of a container: enough when its details could not be had. */
export function observeListed(container: Container): ObservedContainer {
  return observeContainer({
    ...container,
    startedAt: undefined,
    finishedAt: undefined,
    exitCode: 0,
    reason: '',
    message: '',
    logPath: '',
  });
}
