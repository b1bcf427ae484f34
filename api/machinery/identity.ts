/** Pods that must never run twice: there is one with this name, or none. */
import type { Pod } from '../types/core.v1.ts';

/** A pod so annotated, with the value "true", is one of them. */
const IDENTITY_ANNOTATION = 'dure.internal/identity';

/** Those of stateful sets have an identity, and whatever says that it has one. */
export function hasIdentity({ metadata }: Pick<Pod, 'metadata'>): boolean {
  if (metadata.annotations?.[IDENTITY_ANNOTATION] === 'true') return true;
  return metadata.ownerReferences?.some(({ kind, controller }) => controller && kind === 'StatefulSet') ?? false;
}
