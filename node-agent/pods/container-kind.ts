/** What a container is to its pod. */
import type { Container, Pod } from '../../api/types/core.v1.ts';

/**
 * - init: runs to its end before the next one starts.
 * - sidecar: an init container that goes on beside all that follow, until they have ended.
 * - app: what the pod is for.
 * - ephemeral: was added to look into the pod; runs once.
 */
export type ContainerKind = 'init' | 'sidecar' | 'app' | 'ephemeral';

export function allContainers({ spec }: Pod): Container[] {
  return [...(spec.initContainers ?? []), ...spec.containers, ...(spec.ephemeralContainers ?? [])];
}

export function isSidecar({ restartPolicy }: Container): boolean {
  return restartPolicy === 'Always';
}

/** In the order in which they start. */
export function sidecarsOf({ spec }: Pod): Container[] {
  return (spec.initContainers ?? []).filter(isSidecar);
}

/** Where in the pod's definition the container stands, as events tell it; undefined for one that is not in it. */
export function fieldPathOf({ spec }: Pod, name: string): string | undefined {
  for (const list of ['initContainers', 'containers', 'ephemeralContainers'] as const) {
    if (spec[list]?.some((container) => container.name === name)) return `spec.${list}{${name}}`;
  }
  return undefined;
}
