/**
 * The revisions that a workload has been through, for stateful sets and daemon sets: there is always one of the template
 * as it is now, and it has the highest number.
 */
import { kinds } from '../../../api/kinds.ts';
import { selectorFromObject } from '../../../api/machinery/selectors.ts';
import type { ControllerRevision } from '../../../api/types/apps.v1.ts';
import type { Action } from '../actions.ts';
import { targetOf } from '../actions.ts';
import { claim, controllerOf } from '../owners.ts';
import { inOrder, isRevisionOf, makeRevision, type RevisionOwner } from './revision.ts';

/** What Kubernetes keeps when the workload does not say. */
const DEFAULT_LIMIT = 10;

export interface History {
  /** Oldest first, with that of the template as it is now, also if `actions` only make it. */
  readonly revisions: readonly ControllerRevision[];
  /** That of the template as it is now. */
  readonly update: ControllerRevision;
  /** Adoptions and releases, and what makes `update` or gives it the highest number. To be carried out before any other. */
  readonly actions: readonly Action[];
}

/** `candidates`: revisions that the workload controls, and those in its namespace that nothing controls. */
export function historyOf(owner: RevisionOwner, candidates: Iterable<ControllerRevision>): History {
  const { kind, object } = owner;
  const selector = selectorFromObject(object.spec.selector);
  const { held, actions } = claim({
    owner: object,
    ownerKind: kind,
    kind: kinds.controllerrevisions,
    candidates,
    matches: (labels) => !selector.isEverything && selector.matches(labels),
  });
  const revisions = inOrder(held);
  const latest = revisions.at(-1);
  const equal = revisions.findLast((revision) => isRevisionOf(revision, object.spec.template));
  if (equal && latest && equal.revision === latest.revision) return { revisions, update: equal, actions };
  const number = (latest?.revision ?? 0) + 1;
  const update = equal ? { ...equal, revision: number } : makeRevision(owner, number);
  const others = revisions.filter((revision) => revision !== equal);
  const isLeaving = object.metadata.deletionTimestamp !== undefined;
  const change = equal ? renumber(equal, number) : create(update);
  return { revisions: [...others, update], update, actions: isLeaving ? actions : [...actions, change] };
}

function create(object: ControllerRevision): Action {
  return { do: 'create', kind: kinds.controllerrevisions, object, why: 'the pod template has no revision yet' };
}

function renumber(revision: ControllerRevision, number: number): Action {
  const target = targetOf(kinds.controllerrevisions, revision);
  return { do: 'patch', target, patch: { revision: number }, why: 'the pod template is again what it was then' };
}

/** Deletes the oldest beyond the workload's limit; those that are live are kept and don't count. */
export function truncate(
  { object }: RevisionOwner,
  { revisions, update }: History,
  isLive: (revision: ControllerRevision) => boolean,
): readonly Action[] {
  const past = revisions.filter((revision) => revision !== update && !isLive(revision));
  const excess = Math.max(0, past.length - (object.spec.revisionHistoryLimit ?? DEFAULT_LIMIT));
  const why = 'it is beyond the revision history limit';
  return past
    .slice(0, excess)
    .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
    .map((revision) => ({ do: 'delete', target: targetOf(kinds.controllerrevisions, revision), why }));
}

/**
 * After making a revision was refused because its name is taken: counts that, so that the next one is called otherwise.
 * Not when trying again will help: the one that is there is the workload's own or free for it, or it belongs to an earlier
 * workload of this name and goes with it.
 */
export function countCollision(
  { kind, object }: RevisionOwner,
  existing: ControllerRevision | undefined,
): readonly Action[] {
  if (!existing) return [];
  const controller = controllerOf(existing);
  const selector = selectorFromObject(object.spec.selector);
  const { name, uid } = object.metadata;
  const isOwn = controller ? controller.uid === uid : selector.matches(existing.metadata.labels);
  if (isOwn && isRevisionOf(existing, object.spec.template)) return [];
  if (controller?.kind === kind.kind && controller.name === name && controller.uid !== uid) return [];
  const collisionCount = (object.status?.collisionCount ?? 0) + 1;
  const why = 'the name of its revision is taken by another';
  return [{ do: 'patch-status', target: targetOf(kind, object), patch: { collisionCount }, why }];
}
