/** What a file of the downward API holds. */
import type { DownwardAPIVolumeFile, Pod } from '../../api/types/core.v1.ts';
import { fieldOf, resourceOf, type FieldSources } from './field-ref.ts';

export type NodeFacts = Pick<FieldSources, 'nodeName' | 'nodeCapacity'>;

/** Throws a ContainerConfigError for what names nothing. */
export function downwardText(pod: Pod, { fieldRef, resourceFieldRef }: DownwardAPIVolumeFile, node: NodeFacts): string {
  const [container] = pod.spec.containers;
  if (!container) return '';
  // Volumes are there before the pod has an address, so none can be asked for.
  const sources: FieldSources = { pod, container, hostIps: [], podIps: [], ...node };
  if (fieldRef) return fieldOf(sources, fieldRef.fieldPath);
  return resourceFieldRef ? resourceOf(sources, resourceFieldRef) : '';
}
