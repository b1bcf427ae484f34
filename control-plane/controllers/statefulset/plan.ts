/** Plans for a stateful set: from it, its revisions, its pods and their claims to what happens next. */
import { isDeepStrictEqual } from 'node:util';

import { kinds } from '../../../api/kinds.ts';
import { selectorFromObject } from '../../../api/machinery/selectors.ts';
import type { ControllerRevision, StatefulSet, StatefulSetStatus } from '../../../api/types/apps.v1.ts';
import type { Pod } from '../../../api/types/core.v1.ts';
import type { Action } from '../actions.ts';
import { targetOf } from '../actions.ts';
import { isTerminal, untilAvailable } from '../conditions.ts';
import type { Failure, Moment, Plan } from '../controller.ts';
import { historyOf, truncate } from '../history/history.ts';
import type { RevisionOwner } from '../history/revision.ts';
import { claim, isControlledBy } from '../owners.ts';
import { type ClaimLookup, eventAbout } from './claims.ts';
import { crewOf } from './crew.ts';
import { ordinalOf, revisionOf } from './pods.ts';
import { statusOf } from './status.ts';
import { markPods, stepOf, untilReplaced } from './step.ts';

export interface StatefulSetSnapshot {
  readonly statefulSet: StatefulSet;
  /** Those it controls, and those in its namespace that nothing controls. */
  readonly revisions: Iterable<ControllerRevision>;
  /** Likewise. */
  readonly pods: Iterable<Pod>;
  readonly lookUp: ClaimLookup;
}

export function ownerOf(statefulSet: StatefulSet): RevisionOwner {
  return { kind: kinds.statefulsets, object: statefulSet, hashLabel: 'controller.kubernetes.io/hash' };
}

export function planStatefulSet(snapshot: StatefulSetSnapshot, { date }: Moment): Plan {
  const { statefulSet, lookUp } = snapshot;
  const owner = ownerOf(statefulSet);
  const selector = selectorFromObject(statefulSet.spec.selector);
  const history = historyOf(owner, snapshot.revisions);
  const { held, actions } = claim({
    owner: statefulSet,
    ownerKind: kinds.statefulsets,
    kind: kinds.pods,
    candidates: snapshot.pods,
    matches: (labels, pod) => selector.matches(labels) && ordinalOf(statefulSet, pod) !== undefined,
  });
  const { update } = history;
  const isCurrent = ({ metadata }: ControllerRevision): boolean =>
    metadata.name === statefulSet.status?.currentRevision;
  const current = history.revisions.find(isCurrent) ?? update;
  const crew = crewOf(statefulSet, held, { current, update, lookUp, date });
  const step = stepOf(crew);
  const live = new Set([current.metadata.name, ...held.map(revisionOf)]);
  const isLive = ({ metadata }: ControllerRevision): boolean => live.has(metadata.name);
  const leaving = statefulSet.metadata.deletionTimestamp !== undefined;
  return {
    actions: [
      ...history.actions,
      ...actions,
      // Told also while the rest fails.
      ...statusActions(statefulSet, statusOf(crew)),
      ...markPods(crew),
      ...step.actions,
      ...(leaving ? [] : truncate(owner, history, isLive)),
    ],
    reasons: step.reasons,
    ...recheck(statefulSet, held, date),
  };
}

function statusActions(statefulSet: StatefulSet, status: StatefulSetStatus): readonly Action[] {
  if (isDeepStrictEqual(status, statefulSet.status)) return [];
  const target = targetOf(kinds.statefulsets, statefulSet);
  return [{ do: 'set-status', target, status, why: 'its status has changed' }];
}

/** When the next pod will have been ready for long enough, or makes room for another. */
function recheck({ spec }: StatefulSet, pods: readonly Pod[], date: Date): { after?: number } {
  const waits = pods.map((pod) =>
    isTerminal(pod) ? untilReplaced(pod, date) : (untilAvailable(pod, spec.minReadySeconds ?? 0, date) ?? 0),
  );
  const pending = waits.filter((wait) => wait > 0);
  return pending.length > 0 ? { after: Math.min(...pending) } : {};
}

/** Says in an event that a pod or a claim could not be made, changed or deleted. `existing`: the pod of that name. */
export function reportFailure(
  statefulSet: StatefulSet,
  { action, error }: Failure,
  existing: Pod | undefined,
): readonly Action[] {
  const subject = subjectOf(statefulSet, action);
  if (!subject) return [];
  const [verb, what] = subject;
  // The view is late; what is there is what was wanted.
  const isOurs = existing === undefined || isControlledBy(existing, statefulSet);
  if (error.reason === 'AlreadyExists' && isOurs) return [];
  const message = `${verb} ${what} in StatefulSet ${statefulSet.metadata.name} failed error: ${error.message}`;
  const reason = { create: 'FailedCreate', update: 'FailedUpdate', delete: 'FailedDelete' }[verb];
  return [{ do: 'record', event: eventAbout(statefulSet, 'Warning', reason, message), why: message }];
}

type Subject = readonly [verb: 'create' | 'update' | 'delete', what: string];

function subjectOf({ metadata }: StatefulSet, action: Action): Subject | undefined {
  if (action.do === 'create') {
    const { name = '' } = action.object.metadata;
    if (action.kind === kinds.pods) return ['create', `Pod ${name}`];
    if (action.kind !== kinds.persistentvolumeclaims) return undefined;
    const ordinal = name.slice(name.lastIndexOf('-') + 1);
    return ['create', `Claim ${name} for Pod ${metadata.name}-${ordinal}`];
  }
  if (action.do !== 'delete' && action.do !== 'patch') return undefined;
  const verb = action.do === 'patch' ? 'update' : 'delete';
  return action.target.kind === kinds.pods ? [verb, `Pod ${action.target.name}`] : undefined;
}
