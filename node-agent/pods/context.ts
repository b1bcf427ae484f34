import type { Pod } from '../../api/types/core.v1.ts';
import type { PodMemory } from './memory.ts';
import type { PodServices } from './services.ts';

/** One pod, as the executors see it. */
export interface PodContext {
  readonly services: PodServices;
  readonly memory: PodMemory;
  /** The newest definition. */
  readonly pod: Pod;
  readonly uid: string;
  podIps(): readonly string[];
  /** Aborted once the pod begins to end: nothing new is to be started. */
  readonly ending: AbortSignal;
}
