/** The volume claims of a stateful set's pods: made before the pod, kept under its name, and owned as the set's policy says. */
import { kinds } from '../../../api/kinds.ts';
import type { StatefulSet } from '../../../api/types/apps.v1.ts';
import type { PersistentVolumeClaim, Pod } from '../../../api/types/core.v1.ts';
import type { OwnerReference } from '../../../api/types/meta.v1.ts';
import type { Action, EventSeed } from '../actions.ts';
import { ownerReferenceTo, referenceTo, targetOf } from '../actions.ts';

/** The claim of this name in the set's namespace. */
export type ClaimLookup = (name: string) => PersistentVolumeClaim | undefined;

export function claimName({ metadata }: StatefulSet, template: PersistentVolumeClaim, ordinal: number): string {
  return `${template.metadata.name}-${metadata.name}-${ordinal}`;
}

export interface Claims {
  /** Those to make. */
  readonly actions: readonly Action[];
  /** Why the pod can't be made yet. */
  readonly blocked?: string;
}

/** What a pod of this ordinal lacks; `podName` is what it is called. */
export function missingClaims(statefulSet: StatefulSet, ordinal: number, podName: string, lookUp: ClaimLookup): Claims {
  const actions: Action[] = [];
  for (const template of statefulSet.spec.volumeClaimTemplates ?? []) {
    const name = claimName(statefulSet, template, ordinal);
    const present = lookUp(name);
    if (!present) actions.push(create(statefulSet, template, name, podName));
    else if (present.metadata.deletionTimestamp !== undefined) {
      return { actions: [], blocked: `claim ${name} is being deleted` };
    } else if (isOfFormerPod(statefulSet, present, podName)) {
      return { actions: [], blocked: `claim ${name} is about to go with the pod that had it` };
    }
  }
  return { actions };
}

/** With such a policy a claim that still names a pod, while there is none, is the garbage collector's. */
function isOfFormerPod({ spec }: StatefulSet, claim: PersistentVolumeClaim, podName: string): boolean {
  if (spec.persistentVolumeClaimRetentionPolicy?.whenScaled !== 'Delete') return false;
  return (claim.metadata.ownerReferences ?? []).some((owner) => isPodReference(owner, podName));
}

function isPodReference({ apiVersion, kind, name }: OwnerReference, podName: string): boolean {
  return apiVersion === 'v1' && kind === 'Pod' && name === podName;
}

function create(statefulSet: StatefulSet, template: PersistentVolumeClaim, name: string, podName: string): Action {
  const { metadata, spec } = template;
  const labels = { ...metadata.labels, ...statefulSet.spec.selector?.matchLabels };
  const object: Omit<PersistentVolumeClaim, 'status'> = {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: {
      name,
      namespace: statefulSet.metadata.namespace,
      ...(metadata.annotations ? { annotations: metadata.annotations } : {}),
      ...(Object.keys(labels).length > 0 ? { labels } : {}),
      ...(metadata.finalizers ? { finalizers: metadata.finalizers } : {}),
      ...initialOwners(statefulSet),
    },
    spec,
  };
  const message = `create Claim ${name} Pod ${podName} in StatefulSet ${statefulSet.metadata.name} success`;
  const event = eventAbout(statefulSet, 'Normal', 'SuccessfulCreate', message);
  return { do: 'create', kind: kinds.persistentvolumeclaims, object, event, why: `pod ${podName} needs it` };
}

function initialOwners(statefulSet: StatefulSet): { ownerReferences?: OwnerReference[] } {
  if (statefulSet.spec.persistentVolumeClaimRetentionPolicy?.whenDeleted !== 'Delete') return {};
  return { ownerReferences: [ownerReferenceTo(kinds.statefulsets, statefulSet)] };
}

/**
 * Brings the owners of a pod's claims in line with the policy: what goes with the set is the set's, what goes with a pod
 * that is too many is that pod's. Claims that belong to another pod or set of these names, or to somebody else, are left.
 */
export function ownClaims(
  statefulSet: StatefulSet,
  pod: Pod,
  { ordinal, surplus }: { ordinal: number; surplus: boolean },
  lookUp: ClaimLookup,
): readonly Action[] {
  return (statefulSet.spec.volumeClaimTemplates ?? []).flatMap((template) => {
    const claim = lookUp(claimName(statefulSet, template, ordinal));
    return claim && claim.metadata.deletionTimestamp === undefined ? ownClaim(statefulSet, pod, claim, surplus) : [];
  });
}

function ownClaim(
  statefulSet: StatefulSet,
  pod: Pod,
  claim: PersistentVolumeClaim,
  surplus: boolean,
): readonly Action[] {
  const { whenDeleted, whenScaled } = statefulSet.spec.persistentVolumeClaimRetentionPolicy ?? {};
  const before = claim.metadata.ownerReferences ?? [];
  const isOurs = (owner: OwnerReference): boolean =>
    isPodReference(owner, pod.metadata.name ?? '') ||
    (owner.kind === kinds.statefulsets.kind && owner.name === statefulSet.metadata.name);
  const uids = [pod.metadata.uid, statefulSet.metadata.uid];
  const isStale = before.some((owner) => isOurs(owner) && !uids.includes(owner.uid));
  if (isStale) return [];
  const others = before.filter((owner) => !isOurs(owner));
  const keeper = ownerFor(statefulSet, pod, { whenDeleted, whenScaled, surplus });
  const isForeign = others.some(({ controller }) => controller);
  const ownerReferences = [...others, ...(keeper && !isForeign ? [keeper] : [])];
  if (isSame(before, ownerReferences)) return [];
  const { resourceVersion } = claim.metadata;
  return [
    {
      do: 'patch',
      target: targetOf(kinds.persistentvolumeclaims, claim),
      patch: { metadata: { ownerReferences: ownerReferences.length > 0 ? ownerReferences : null, resourceVersion } },
      why: 'the retention policy of its stateful set',
    },
  ];
}

function ownerFor(
  statefulSet: StatefulSet,
  pod: Pod,
  policy: { whenDeleted: string | undefined; whenScaled: string | undefined; surplus: boolean },
): OwnerReference | undefined {
  if (policy.whenScaled === 'Delete' && policy.surplus) return ownerReferenceTo(kinds.pods, pod);
  return policy.whenDeleted === 'Delete' ? ownerReferenceTo(kinds.statefulsets, statefulSet) : undefined;
}

function isSame(a: readonly OwnerReference[], b: readonly OwnerReference[]): boolean {
  return (
    a.length === b.length &&
    a.every(({ uid, controller = false }) => b.some((o) => o.uid === uid && (o.controller ?? false) === controller))
  );
}

export function eventAbout(
  statefulSet: StatefulSet,
  type: EventSeed['type'],
  reason: string,
  message: string,
): EventSeed {
  return { about: referenceTo(kinds.statefulsets, statefulSet), type, reason, message };
}
