/** The only pods that a node makes: images of those it runs by itself. They name no object, so they give it no right. */
import type { Node, Pod } from '../../api/types/core.v1.ts';
import { MIRROR_ANNOTATION } from '../auth/node/references.ts';
import { referencesOf } from '../../api/machinery/pod-references.ts';

/** What is wrong with a pod that a node makes, in Kubernetes' words; undefined for nothing. */
export function mirrorPodFault(node: string, pod: Pod, own: Node | undefined): string | undefined {
  const self = `node "${node}"`;
  if (pod.metadata.annotations?.[MIRROR_ANNOTATION] === undefined) {
    return `pod does not have "${MIRROR_ANNOTATION}" annotation, ${self} can only create mirror pods`;
  }
  if (pod.spec.nodeName !== node) return `${self} can only create pods with spec.nodeName set to itself`;
  return ownerFault(node, pod, own) ?? referenceFault(self, pod);
}

function ownerFault(node: string, { metadata }: Pod, own: Node | undefined): string | undefined {
  const self = `node "${node}"`;
  const [owner, ...others] = metadata.ownerReferences ?? [];
  if (others.length > 0) return `${self} can only create pods with a single owner reference set to itself`;
  if (owner?.apiVersion !== 'v1' || owner.kind !== 'Node' || owner.name !== node) {
    return `${self} can only create pods with an owner reference set to itself`;
  }
  if (owner.controller !== true) {
    return `${self} can only create pods with a controller owner reference set to itself`;
  }
  if (owner.blockOwnerDeletion === true) return `${self} must not set blockOwnerDeletion on an owner reference`;
  if (!own) return `error looking up node ${node} to verify uid: node "${node}" not found`;
  if (owner.uid === own.metadata.uid) return undefined;
  return `node ${node} UID mismatch: expected ${owner.uid} got ${own.metadata.uid}`;
}

function referenceFault(self: string, pod: Pod): string | undefined {
  const { serviceAccountName, volumes = [], resourceClaims = [] } = pod.spec;
  const refused = (what: string): string => `${self} can not create pods that reference ${what}`;
  if (serviceAccountName) return refused('a service account');
  const references = referencesOf(pod);
  if (references.some(({ resource }) => resource === 'secrets')) return refused('secrets');
  if (references.some(({ resource }) => resource === 'configmaps')) return refused('configmaps');
  const projects = volumes.flatMap(({ projected }) => projected?.sources ?? []);
  if (projects.some(({ clusterTrustBundle }) => clusterTrustBundle)) return refused('clustertrustbundles');
  if (volumes.some((volume) => volume.persistentVolumeClaim)) return refused('persistentvolumeclaims');
  return resourceClaims.length > 0 ? refused('resourceclaims') : undefined;
}
