/** How claims and persistent volumes belong together: names, classes, and which volume a claim may have. */
import { HOSTNAME_LABEL, LOCAL_DRIVER } from './local-volumes.ts';
import { matchesTerm } from './node-selector.ts';
import { compareQuantities, parseQuantity, type Quantity } from './quantity.ts';
import { type Labels, selectorFromObject } from './selectors.ts';
import type { KubeObject } from '../object.ts';
import { objectKey } from '../object.ts';
import type {
  ObjectReference,
  PersistentVolume,
  PersistentVolumeClaim,
  Pod,
  TopologySelectorTerm,
} from '../types/core.v1.ts';
import type { StorageClass } from '../types/storage.v1.ts';

/** Of a claim: it has had its volume. */
export const BIND_COMPLETED = 'pv.kubernetes.io/bind-completed';
/** Of a claim or a volume: nobody asked for just this other one. */
export const BOUND_BY_CONTROLLER = 'pv.kubernetes.io/bound-by-controller';
/** Of a claim whose volume is to be made for a pod: the node that the scheduler means the pod for. */
export const SELECTED_NODE = 'volume.kubernetes.io/selected-node';
/** Of a claim: which provisioner is to make its volume; the older name is still read by some. */
export const STORAGE_PROVISIONER = 'volume.kubernetes.io/storage-provisioner';
export const STORAGE_PROVISIONER_BETA = 'volume.beta.kubernetes.io/storage-provisioner';
/** Where older manifests name the class. */
export const CLASS_ANNOTATION = 'volume.beta.kubernetes.io/storage-class';

/** Whether the claim was made for an ephemeral volume of this pod. */
export function isClaimOfPod(claim: PersistentVolumeClaim, { metadata }: Pod): boolean {
  return (claim.metadata.ownerReferences ?? []).some(({ uid, controller }) => controller && uid === metadata.uid);
}

/** Undefined when nobody has said; '' asks for volumes without a class. */
export function classOfClaim({ metadata, spec }: PersistentVolumeClaim): string | undefined {
  return metadata.annotations?.[CLASS_ANNOTATION] ?? spec.storageClassName;
}

export function classOfVolume({ metadata, spec }: PersistentVolume): string {
  return metadata.annotations?.[CLASS_ANNOTATION] ?? spec.storageClassName ?? '';
}

/** Whether its volumes are chosen or made only once a pod that uses the claim has been given a node. */
export function waitsForConsumer(storageClass: StorageClass | undefined): boolean {
  return storageClass?.volumeBindingMode === 'WaitForFirstConsumer';
}

export function isFullyBound({ metadata, spec }: PersistentVolumeClaim): boolean {
  return Boolean(spec.volumeName) && metadata.annotations?.[BIND_COMPLETED] !== undefined;
}

/** With which a volume is kept for the claim. */
export function claimRefTo({ metadata }: PersistentVolumeClaim): ObjectReference {
  const { namespace, name, uid, resourceVersion } = metadata;
  return { apiVersion: 'v1', kind: 'PersistentVolumeClaim', namespace, name, uid, resourceVersion };
}

/** The key of the claim that the volume is kept for. */
export function claimKeyOf({ spec: { claimRef } }: PersistentVolume): string | undefined {
  return claimRef ? objectKey(claimRef.namespace, claimRef.name ?? '') : undefined;
}

/** Whether the volume is kept for this claim, by its name alone or by its uid too. */
export function isKeptFor({ spec: { claimRef } }: PersistentVolume, { metadata }: PersistentVolumeClaim): boolean {
  if (!claimRef || claimRef.namespace !== metadata.namespace || claimRef.name !== metadata.name) return false;
  return !claimRef.uid || claimRef.uid === metadata.uid;
}

/** Whether the claim names the volume that is kept for it: before that no pod can have used it. */
export function hasVolume({ metadata, spec }: PersistentVolumeClaim, volume: PersistentVolume): boolean {
  return metadata.uid === volume.spec.claimRef?.uid && spec.volumeName === volume.metadata.name;
}

/** Whether the volume can be used on a node with these labels. */
export function reachesNode({ spec }: PersistentVolume, labels: Labels | undefined): boolean {
  const required = spec.nodeAffinity?.required;
  return !required || required.nodeSelectorTerms.some((term) => matchesTerm(term, labels, undefined));
}

/** The hostnames that the volume's node affinity names, if it names them; no others are reached. */
export function hostnamesOf({ spec }: PersistentVolume): readonly string[] | undefined {
  const terms = spec.nodeAffinity?.required?.nodeSelectorTerms;
  if (!terms || terms.length === 0) return undefined;
  const names = new Set<string>();
  for (const { matchExpressions = [] } of terms) {
    const found = matchExpressions.find(({ key, operator }) => key === HOSTNAME_LABEL && operator === 'In');
    if (!found) return undefined;
    for (const name of found.values ?? []) names.add(name);
  }
  return [...names];
}

/** Whether volumes of a class with these topologies can be made for a node. */
export function allowsTopology(
  terms: readonly TopologySelectorTerm[] | undefined,
  labels: Labels | undefined,
): boolean {
  if (!terms || terms.length === 0) return true;
  return terms.some(({ matchLabelExpressions = [] }) =>
    matchLabelExpressions.every(({ key, values }) => labels !== undefined && values.includes(labels[key] ?? '')),
  );
}

/** Why directories on nodes can't be what the claim asks for, in words that follow on the name of its class. */
export function whyNotLocal({ spec }: PersistentVolumeClaim): string | undefined {
  if (spec.volumeMode === 'Block') return `${LOCAL_DRIVER} does not support block volume provisioning`;
  if (spec.selector) return 'claim.Spec.Selector is not supported';
  if (spec.dataSourceRef ?? spec.dataSource) return `${LOCAL_DRIVER} does not support data sources`;
  return undefined;
}

export function requestOfClaim({ spec }: PersistentVolumeClaim): Quantity {
  return quantityOf(spec.resources.requests);
}

export function capacityOfVolume({ spec }: PersistentVolume): Quantity {
  return quantityOf(spec.capacity);
}

function quantityOf(list: Record<string, string> | undefined): Quantity {
  return parseQuantity(list?.['storage'] ?? '0');
}

/** Why a volume that the claim asks for by its name can't be its; in Kubernetes' words. */
export function whyUnfit(volume: PersistentVolume, claim: PersistentVolumeClaim): string | undefined {
  if (compareQuantities(capacityOfVolume(volume), requestOfClaim(claim)) < 0) return 'requested PV is too small';
  if (classOfVolume(volume) !== (classOfClaim(claim) ?? '')) return 'storageClassName does not match';
  if (!isSameAttributes(volume, claim)) return 'volumeAttributesClassName does not match';
  if (modeOf(volume) !== modeOf(claim)) return 'incompatible volumeMode';
  if (!offersModes(volume, claim)) return 'incompatible accessMode';
  return undefined;
}

function modeOf({ spec }: PersistentVolume | PersistentVolumeClaim): string {
  return spec.volumeMode ?? 'Filesystem';
}

function isSameAttributes(volume: PersistentVolume, claim: PersistentVolumeClaim): boolean {
  return (volume.spec.volumeAttributesClassName ?? '') === (claim.spec.volumeAttributesClassName ?? '');
}

function offersModes({ spec: { accessModes = [] } }: PersistentVolume, claim: PersistentVolumeClaim): boolean {
  return (claim.spec.accessModes ?? []).every((mode) => accessModes.includes(mode));
}

/**
 * Those that the claim may have on some node, the best first: one that is kept for it, and then free ones, those with the
 * fewest access modes and of these the smallest first.
 */
export function volumesFor(claim: PersistentVolumeClaim, candidates: Iterable<PersistentVolume>): PersistentVolume[] {
  const selector = claim.spec.selector ? selectorFromObject(claim.spec.selector) : undefined;
  const free: PersistentVolume[] = [];
  const kept: PersistentVolume[] = [];
  for (const volume of candidates) {
    if (volume.metadata.deletionTimestamp !== undefined) continue;
    if (volume.spec.claimRef) {
      if (isKeptFor(volume, claim) && suitsKept(volume, claim)) kept.push(volume);
    } else if (volume.status.phase === 'Available' && !whyUnfit(volume, claim)) {
      if (!selector || selector.matches(volume.metadata.labels)) free.push(volume);
    }
  }
  return [...kept.toSorted(byName), ...free.toSorted(bySize)];
}

/** Whoever keeps a volume for a claim need not mind the class. */
function suitsKept(volume: PersistentVolume, claim: PersistentVolumeClaim): boolean {
  const isLargeEnough = compareQuantities(capacityOfVolume(volume), requestOfClaim(claim)) >= 0;
  return isLargeEnough && modeOf(volume) === modeOf(claim) && isSameAttributes(volume, claim);
}

function bySize(a: PersistentVolume, b: PersistentVolume): number {
  const modes = (a.spec.accessModes?.length ?? 0) - (b.spec.accessModes?.length ?? 0);
  return modes || compareQuantities(capacityOfVolume(a), capacityOfVolume(b)) || byName(a, b);
}

function byName(a: KubeObject, b: KubeObject): number {
  return (a.metadata.name ?? '') < (b.metadata.name ?? '') ? -1 : 1;
}
