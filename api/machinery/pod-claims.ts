/** The claims that a pod uses: those that it names, and those that are made with it for its ephemeral volumes. */
import type { Pod, Volume } from '../types/core.v1.ts';

/** By name; undefined for a volume that is none of a claim. */
export function claimOf({ metadata }: Pod, { name, persistentVolumeClaim, ephemeral }: Volume): string | undefined {
  if (persistentVolumeClaim) return persistentVolumeClaim.claimName;
  return ephemeral ? `${metadata.name}-${name}` : undefined;
}

/** By name, in the order of the pod's volumes. */
export function claimsOf(pod: Pod): string[] {
  return (pod.spec.volumes ?? []).flatMap((volume) => claimOf(pod, volume) ?? []);
}
