/** Plans for one object: whether its owners still hold it, and what its own deletion means for what it owns. */
import type { Kind } from '../../../api/kinds.ts';
import type { KubeObject } from '../../../api/object.ts';
import type { OwnerReference } from '../../../api/types/meta.v1.ts';
import type { Action, Target } from '../actions.ts';
import { referenceTo, targetOf } from '../actions.ts';
import type { Plan } from '../controller.ts';
import { NOTHING } from '../controller.ts';

export const FOREGROUND = 'foregroundDeletion';
export const ORPHAN = 'orphan';

/**
 * What is known of an owner. `absent`: nothing of its kind, name and uid is in sight. `unknown`: its kind is not served, or
 * it is a namespaced owner of a cluster-scoped object; then nothing is decided from it.
 */
export type Owner =
  | { readonly is: 'present' | 'waiting' | 'absent'; readonly reference: OwnerReference; readonly target: Target }
  | { readonly is: 'unknown'; readonly reference: OwnerReference; readonly why: string };

export interface Dependent {
  readonly kind: Kind;
  readonly object: KubeObject;
}

export interface ObjectSnapshot {
  readonly kind: Kind;
  readonly object: KubeObject;
  readonly owners: readonly Owner[];
  /** Everything that names it as an owner. */
  readonly dependents: readonly Dependent[];
}

function has({ metadata }: KubeObject, finalizer: string): boolean {
  return metadata.finalizers?.includes(finalizer) === true;
}

/** Being deleted in the foreground: its dependents go before it. */
export function isWaiting(object: KubeObject): boolean {
  return object.metadata.deletionTimestamp !== undefined && has(object, FOREGROUND);
}

export function planCollection(snapshot: ObjectSnapshot): Plan {
  const { object } = snapshot;
  if (object.metadata.deletionTimestamp === undefined) return collect(snapshot);
  if (has(object, ORPHAN)) return orphanDependents(snapshot);
  return has(object, FOREGROUND) ? deleteDependentsFirst(snapshot) : NOTHING;
}

function orphanDependents({ kind, object, dependents }: ObjectSnapshot): Plan {
  const target = targetOf(kind, object);
  const released = dependents.map((dependent): Action => ({
    do: 'remove-owners',
    target: targetOf(dependent.kind, dependent.object),
    uids: [target.uid],
    why: 'its owner is deleted without it',
  }));
  return {
    actions: [...released, { do: 'remove-finalizer', target, finalizer: ORPHAN, why: 'it owns nothing any more' }],
    reasons: [],
  };
}

function blocks({ object }: Dependent, owner: KubeObject): boolean {
  return (
    object.metadata.ownerReferences?.some(
      ({ uid, blockOwnerDeletion }) => uid === owner.metadata.uid && blockOwnerDeletion,
    ) === true
  );
}

function deleteDependentsFirst({ kind, object, dependents }: ObjectSnapshot): Plan {
  const blocking = dependents.filter((dependent) => blocks(dependent, object));
  if (blocking.length > 0) {
    // Each of them is looked at by itself: it may have another owner that holds it.
    return { ...NOTHING, reasons: [`waiting for ${blocking.length} objects that it owns`] };
  }
  const target = targetOf(kind, object);
  return {
    actions: [{ do: 'remove-finalizer', target, finalizer: FOREGROUND, why: 'nothing blocks its deletion' }],
    reasons: [],
  };
}

function collect(snapshot: ObjectSnapshot): Plan {
  const { kind, object, owners, dependents } = snapshot;
  if (owners.length === 0) return NOTHING;
  const unknown = owners.filter((owner) => owner.is === 'unknown');
  if (unknown.length > 0) return cannotTell(snapshot, unknown);
  const known = owners.filter((owner) => owner.is !== 'unknown');
  const going = known.filter(({ is }) => is !== 'present');
  if (going.length === 0) return NOTHING;
  const target = targetOf(kind, object);
  if (going.length < known.length) {
    const uids = going.map(({ reference }) => reference.uid);
    const why = 'these owners are gone or going, another one holds it';
    const gone = going.filter(({ is }) => is === 'absent').map((owner) => owner.target);
    return { actions: [{ do: 'remove-owners', target, uids, gone, why }], reasons: [] };
  }
  const waiting = going.some(({ is }) => is === 'waiting');
  const { resourceVersion = '' } = object.metadata;
  if (waiting) {
    if (closesCircle(snapshot)) return { actions: [unblockOwners(snapshot)], reasons: [] };
    const propagationPolicy = dependents.length > 0 ? 'Foreground' : policyOf(object);
    const why = 'its owner waits for it to be deleted';
    return { actions: [{ do: 'delete', target, propagationPolicy, resourceVersion, why }], reasons: [] };
  }
  const gone = going.map((owner) => owner.target);
  const why = 'all of its owners are gone';
  return {
    actions: [{ do: 'collect', target, owners: gone, propagationPolicy: policyOf(object), resourceVersion, why }],
    reasons: [],
  };
}

/** What it owns waits already: were it to hold up its own owners too, all might wait for each other. */
function closesCircle({ object, dependents }: ObjectSnapshot): boolean {
  const holds = object.metadata.ownerReferences?.some(({ blockOwnerDeletion }) => blockOwnerDeletion) === true;
  return holds && dependents.some((dependent) => isWaiting(dependent.object));
}

function unblockOwners({ kind, object }: ObjectSnapshot): Action {
  const ownerReferences = (object.metadata.ownerReferences ?? []).map((reference) => ({
    ...reference,
    blockOwnerDeletion: false,
  }));
  const why = 'its owner and what it owns wait for each other';
  return { do: 'patch', target: targetOf(kind, object), patch: { metadata: { ownerReferences } }, why };
}

/** Its finalizers say how it asked to be deleted. */
function policyOf(object: KubeObject): 'Orphan' | 'Foreground' | 'Background' {
  if (has(object, ORPHAN)) return 'Orphan';
  return has(object, FOREGROUND) ? 'Foreground' : 'Background';
}

function cannotTell({ kind, object }: ObjectSnapshot, unknown: readonly (Owner & { is: 'unknown' })[]): Plan {
  const reasons = unknown.map(({ reference, why }) => `owner ${reference.kind} ${reference.name}: ${why}`);
  const invalid = unknown.filter(({ why }) => why === WRONG_SCOPE);
  const actions = invalid.map(({ reference }): Action => ({
    do: 'record',
    why: WRONG_SCOPE,
    event: {
      about: referenceTo(kind, object),
      type: 'Warning',
      reason: 'OwnerRefInvalidNamespace',
      message: `ownerRef ${reference.kind} ${reference.name}, uid: ${reference.uid}: ${WRONG_SCOPE}`,
    },
  }));
  return { actions, reasons };
}

export const WRONG_SCOPE = 'a cluster-scoped object cannot have a namespaced owner';
