/** What a daemon set's planners decide: nodes that get a pod, pods that go, and why not more. */
import type { Pod } from '../../../api/types/core.v1.ts';

export interface Step {
  /** Names of nodes that get a pod. */
  readonly create: readonly string[];
  readonly remove: readonly Removal[];
  /** Why something that might be expected is not done now. */
  readonly reasons: readonly string[];
  /** Milliseconds after which to look again. */
  readonly after?: number;
}

export interface Removal {
  readonly pod: Pod;
  readonly node: string;
  readonly why: string;
  /** It has ended by itself on this node. */
  readonly ended?: 'Failed' | 'Succeeded';
}
