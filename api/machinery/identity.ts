/** Pods that must never run twice: there is one with this name, or none. */
import type { Pod } from '../types/core.v1.ts';

/** A pod so annotated, with the value "true", is one of them. */
export const IDENTITY_ANNOTATION = 'dure.internal/identity';
/** Of a stateful set's pod: its own name. */
export const POD_NAME_LABEL = 'statefulset.kubernetes.io/pod-name';

/**
 * Those of stateful sets have an identity, and whatever says that it has one. A pod that its set was taken from, or that
 * was released because its labels were changed, still has a name that a set may give again: one of its marks is enough.
 */
export function hasIdentity({ metadata }: Pick<Pod, 'metadata'>): boolean {
  if (metadata.annotations?.[IDENTITY_ANNOTATION] === 'true') return true;
  const named = metadata.labels?.[POD_NAME_LABEL];
  if (named !== undefined && named === metadata.name) return true;
  return metadata.ownerReferences?.some(({ kind, controller }) => controller && kind === 'StatefulSet') ?? false;
}
