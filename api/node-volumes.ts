/** What a node's agent is told of persistent volumes (`Change` in proto/agent.proto). */
import type { PersistentVolumeSpec } from './types/core.v1.ts';

/** Resource `claims`, by namespace/name: a claim that a pod of the node uses, and what it is bound to. */
export interface NodeClaim {
  readonly uid: string;
  /** The uid of the object that controls the claim: the pod, when it was made for an ephemeral volume. */
  readonly controller?: string;
  /** Nobody may begin to use it. */
  readonly isBeingDeleted: boolean;
  /** A volume, or why there is none, in words. */
  readonly bound: { readonly volume: NodeVolume } | { readonly problem: string };
}

export interface NodeVolume {
  readonly name: string;
  readonly spec: PersistentVolumeSpec;
}

/** Resource `removals`, by name: a volume of the node whose directory is to be removed with all that is in it. */
export interface VolumeRemoval {
  readonly name: string;
  readonly uid: string;
}
