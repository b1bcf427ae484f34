/** Who controls what: at most one owner of an object is its controller. */
import type { Kind } from '../../api/kinds.ts';
import type { KubeObject } from '../../api/object.ts';
import type { OwnerReference } from '../../api/types/meta.v1.ts';
import type { Action } from './actions.ts';
import { ownerReferenceTo, targetOf } from './actions.ts';

export function controllerOf(object: KubeObject): OwnerReference | undefined {
  return object.metadata.ownerReferences?.find(({ controller }) => controller);
}

export function isControlledBy(object: KubeObject, owner: KubeObject): boolean {
  return controllerOf(object)?.uid === owner.metadata.uid;
}

export interface Claim<T> {
  /** What belongs to the owner now. */
  readonly held: readonly T[];
  /** Adoptions and releases that bring the references in line with the labels. */
  readonly actions: readonly Action[];
}

interface ClaimRequest<T extends KubeObject> {
  readonly owner: KubeObject;
  readonly ownerKind: Kind;
  readonly kind: Kind<T>;
  /** Those it controls, and those in its namespace that nothing controls. */
  readonly candidates: Iterable<T>;
  matches(labels: Record<string, string>, object: T): boolean;
}

/**
 * Decides which objects belong to an owner: those it controls and still selects. It adopts what it selects and nobody
 * controls, and releases what it controls and no longer selects. An owner that is being deleted takes and leaves nothing.
 */
export function claim<T extends KubeObject>(request: ClaimRequest<T>): Claim<T> {
  const { owner, ownerKind, kind } = request;
  const held: T[] = [];
  const actions: Action[] = [];
  const leaving = owner.metadata.deletionTimestamp !== undefined;
  for (const object of request.candidates) {
    const matches = request.matches(object.metadata.labels ?? {}, object);
    const target = targetOf(kind, object);
    if (isControlledBy(object, owner)) {
      if (matches) held.push(object);
      else if (!leaving) {
        const why = 'its labels are no longer selected';
        actions.push({ do: 'remove-owners', target, uids: [owner.metadata.uid ?? ''], why });
      }
    } else if (matches && !leaving && !controllerOf(object) && object.metadata.deletionTimestamp === undefined) {
      held.push(object);
      actions.push({
        do: 'add-owner',
        target,
        ownerKind,
        owner: ownerReferenceTo(ownerKind, owner),
        why: 'it is selected and free',
      });
    }
  }
  return { held, actions };
}
