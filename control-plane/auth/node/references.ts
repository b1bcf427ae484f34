/** Which objects a pod names: its node may read these, and no others of their kinds. */
import type { Pod } from '../../../api/types/core.v1.ts';
import { referencesOf } from '../../../api/machinery/pod-references.ts';

export const NODE_REFERENCE_INDEX = 'node reference';
export const MIRROR_ANNOTATION = 'kubernetes.io/config.mirror';

export type Referenced = 'secrets' | 'configmaps' | 'persistentvolumeclaims' | 'serviceaccounts' | 'resourceclaims';

export function referenceKey(node: string, resource: Referenced, namespace: string, name: string): string {
  return `${node} ${resource} ${namespace}/${name}`;
}

/** None for a pod that a node made itself: it would choose what it may read. */
export function nodeReferences({ spec, metadata, status }: Pod): string[] {
  const node = spec.nodeName;
  if (!node || metadata.annotations?.[MIRROR_ANNOTATION] !== undefined) return [];
  const keys = referencesOf({ spec, metadata } as Pod).map(({ resource, key }) => `${node} ${resource} ${key}`);
  const add = (resource: Referenced, name: string | undefined): void => {
    if (name) keys.push(referenceKey(node, resource, metadata.namespace ?? '', name));
  };
  add('serviceaccounts', spec.serviceAccountName);
  for (const { name, persistentVolumeClaim, ephemeral, csi } of spec.volumes ?? []) {
    add('persistentvolumeclaims', persistentVolumeClaim?.claimName);
    if (ephemeral) add('persistentvolumeclaims', `${metadata.name}-${name}`);
    add('secrets', csi?.nodePublishSecretRef?.name);
  }
  for (const { resourceClaimName } of spec.resourceClaims ?? []) add('resourceclaims', resourceClaimName);
  for (const { resourceClaimName } of status?.resourceClaimStatuses ?? []) add('resourceclaims', resourceClaimName);
  return keys;
}
