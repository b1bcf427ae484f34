/** What an agent remembers of a pod between two plans; all of it can be lost and is then found out again. */
import type { ResourceRequirements } from '../../api/types/core.v1.ts';
import type { Image } from '../runtime/port.ts';
import type { Action } from './action.ts';
import type { Backoff } from './backoff.ts';
import type { Stage } from './stage.ts';

export type ImageState =
  | { readonly state: 'ready'; readonly attempt: number; readonly image: string; readonly found: Image }
  | {
      readonly state: 'failed';
      readonly image: string;
      /** ErrImagePull, ErrImageNeverPull, InvalidImageName, … */
      readonly reason: string;
      readonly message: string;
      readonly backoff: Backoff;
    };

export interface Failure {
  readonly count: number;
  readonly message: string;
  /** Milliseconds since 1970; not to be tried before. */
  readonly retryAt: number;
}

/** Why a container could not be created or started. */
export interface StartFailure extends Failure {
  /** CreateContainerConfigError, CreateContainerError, RunContainerError, PostStartHookError. */
  readonly reason: string;
}

/** How a pod ended for good. */
export interface Verdict {
  readonly phase: 'Succeeded' | 'Failed';
  readonly reason?: string;
  readonly message?: string;
}

export interface ProbeVerdict {
  /** undefined: there is no such probe, or it has not decided yet. */
  readonly liveness?: boolean;
  readonly startup?: boolean;
  readonly readiness?: boolean;
}

export interface Underway {
  readonly action: Action;
  /** For a kill: when SIGKILL comes at the latest. Milliseconds since 1970. */
  readonly deadline: number | undefined;
}

/** What a plan may look at. */
export interface MemoryView {
  readonly stage: Stage;
  readonly verdict: Verdict | undefined;
  /** Since when the pod is being ended; milliseconds since 1970, undefined while it runs. */
  readonly endingSince: number | undefined;
  /** When this node first saw the pod; milliseconds since 1970. */
  readonly startedAt: number;
  readonly volumes: 'unknown' | 'mounted' | 'unmounted';
  /** What is written in the volumes has changed since. */
  readonly areVolumesStale: boolean;
  /** When something in the volumes has to be renewed; milliseconds since 1970, undefined when nothing has. */
  readonly volumesDueAt: number | undefined;
  /** Whether the agent's own files and control group of the pod are gone. */
  readonly areTracesRemoved: boolean;
  readonly images: ReadonlyMap<string, ImageState>;
  readonly crashes: ReadonlyMap<string, Backoff>;
  readonly startFailures: ReadonlyMap<string, StartFailure>;
  /** By action key. */
  readonly failures: ReadonlyMap<string, Failure>;
  /** By container id. */
  readonly probes: ReadonlyMap<string, ProbeVerdict>;
  /** What running containers were given since they were made, by container id. */
  readonly resized: ReadonlyMap<string, ResourceRequirements>;
  /** Sandboxes whose network has been taken down. */
  readonly stoppedSandboxes: ReadonlySet<string>;
  /** By action key. */
  readonly underway: ReadonlyMap<string, Underway>;
}

export interface PodMemory extends MemoryView {
  stage: Stage;
  verdict: Verdict | undefined;
  endingSince: number | undefined;
  volumes: 'unknown' | 'mounted' | 'unmounted';
  areVolumesStale: boolean;
  volumesDueAt: number | undefined;
  areTracesRemoved: boolean;
  readonly images: Map<string, ImageState>;
  readonly crashes: Map<string, Backoff>;
  readonly startFailures: Map<string, StartFailure>;
  readonly failures: Map<string, Failure>;
  readonly probes: Map<string, ProbeVerdict>;
  readonly resized: Map<string, ResourceRequirements>;
  readonly stoppedSandboxes: Set<string>;
  readonly underway: Map<string, Underway>;
}

export function newMemory(startedAt: number): PodMemory {
  return {
    stage: 'running',
    verdict: undefined,
    endingSince: undefined,
    startedAt,
    volumes: 'unknown',
    areVolumesStale: false,
    volumesDueAt: undefined,
    areTracesRemoved: false,
    images: new Map(),
    crashes: new Map(),
    startFailures: new Map(),
    failures: new Map(),
    probes: new Map(),
    resized: new Map(),
    stoppedSandboxes: new Set(),
    underway: new Map(),
  };
}
