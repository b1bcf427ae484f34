/** Plans for a replica set, or its elder, the replication controller: as many active pods as it wants, and a status. */
import { isDeepStrictEqual } from 'node:util';

import { kinds, type Kind } from '../../../api/kinds.ts';
import { selectorFromMap, selectorFromObject } from '../../../api/machinery/selectors.ts';
import { formatTime } from '../../../api/machinery/time.ts';
import type { ReplicaSet, ReplicaSetCondition, ReplicaSetStatus } from '../../../api/types/apps.v1.ts';
import type { Pod } from '../../../api/types/core.v1.ts';
import type { Action, EventSeed } from '../actions.ts';
import { ownerReferenceTo, referenceTo, targetOf } from '../actions.ts';
import { isActive, isReady, isTerminal, untilAvailable } from '../conditions.ts';
import type { Failure, Moment, Plan } from '../controller.ts';
import { claim } from '../owners.ts';
import { mayEnd, partEvicted, untilOverdue } from './evicted.ts';
import { chooseVictims } from './victims.ts';

/** The most pods made or deleted by one plan; the views' changes bring on the next. */
const BURST = 500;
/** What of a set's name a pod's name can hold: 63 characters with the suffix. */
const MAX_PREFIX = 58;

/** What keeps replicas: replica sets do, and replication controllers, seen as such. */
export interface Keeper {
  readonly kind: Kind;
  readonly replicaSet: ReplicaSet;
}

export interface ReplicaSetSnapshot extends Keeper {
  /** Those it controls, and those in its namespace that nothing controls. */
  readonly pods: readonly Pod[];
  /** Pods of the sets that have the same controller, its own included. */
  readonly related: readonly Pod[];
}

export function planReplicaSet(snapshot: ReplicaSetSnapshot, moment: Moment): Plan {
  const { kind, replicaSet } = snapshot;
  const selector = selectorFromObject(replicaSet.spec.selector);
  const { held, actions } = claim({
    owner: replicaSet,
    ownerKind: kind,
    kind: kinds.pods,
    candidates: snapshot.pods.filter((pod) => !isTerminal(pod)),
    matches: (labels) => !selector.isEverything && selector.matches(labels),
  });
  const active = held.filter(isActive);
  const leaving = replicaSet.metadata.deletionTimestamp !== undefined;
  const changes = leaving ? [] : countActions(snapshot, active, moment);
  const status = statusOf(snapshot, held, moment.date);
  return {
    actions: [...actions, ...changes, ...statusActions(snapshot, status)],
    reasons: leaving ? [`the ${kind.kind} is being deleted`] : [],
    ...recheck(replicaSet, active, moment.date),
  };
}

function countActions(snapshot: ReplicaSetSnapshot, active: readonly Pod[], moment: Moment): readonly Action[] {
  const { replicaSet, related } = snapshot;
  const { replicas = 1, minReadySeconds = 0 } = replicaSet.spec;
  const evictions = partEvicted(active);
  const { staying } = evictions;
  const ending = mayEnd(evictions, { replicas, minReadySeconds, date: moment.date });
  const surplus = Math.max(0, staying.length - replicas);
  const victims = [...ending, ...chooseVictims(staying, related, surplus, moment.date)].slice(0, BURST);
  const missing = Math.min(Math.max(0, replicas - staying.length), BURST);
  return [
    ...Array.from({ length: missing }, () => createPod(snapshot, moment.nextId())),
    ...victims.map((pod) => deletePod(snapshot, pod)),
  ];
}

function createPod(keeper: Keeper, id: string): Action {
  const { kind, replicaSet } = keeper;
  const { name = '', namespace } = replicaSet.metadata;
  const { metadata, spec } = replicaSet.spec.template;
  const generateName = `${name}-`.slice(0, MAX_PREFIX);
  const podName = `${generateName}${id}`;
  const pod: Omit<Pod, 'status'> = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      ...(metadata?.labels ? { labels: metadata.labels } : {}),
      ...(metadata?.annotations ? { annotations: metadata.annotations } : {}),
      ...(metadata?.finalizers ? { finalizers: metadata.finalizers } : {}),
      name: podName,
      generateName,
      namespace,
      ownerReferences: [ownerReferenceTo(kind, replicaSet)],
    },
    spec: spec ?? { containers: [] },
  };
  const event = eventAbout(keeper, 'Normal', 'SuccessfulCreate', `Created pod: ${podName}`);
  return { do: 'create', kind: kinds.pods, object: pod, event, why: 'there are too few pods' };
}

function deletePod(keeper: Keeper, pod: Pod): Action {
  const event = eventAbout(keeper, 'Normal', 'SuccessfulDelete', `Deleted pod: ${pod.metadata.name}`);
  return { do: 'delete', target: targetOf(kinds.pods, pod), event, why: 'there are too many pods' };
}

function eventAbout({ kind, replicaSet }: Keeper, type: EventSeed['type'], reason: string, message: string): EventSeed {
  return { about: referenceTo(kind, replicaSet), type, reason, message };
}

function statusOf({ kind, replicaSet }: Keeper, held: readonly Pod[], date: Date): ReplicaSetStatus {
  const { minReadySeconds = 0, template } = replicaSet.spec;
  const active = held.filter(isActive);
  const hasTemplateLabels = selectorFromMap(template.metadata?.labels).matches;
  const ofTemplate = active.filter(({ metadata }) => hasTemplateLabels(metadata.labels));
  const available = active.filter((pod) => untilAvailable(pod, minReadySeconds, date) === 0);
  // A plan that is carried out whole ends an earlier failure; planFailure says otherwise.
  const conditions = (replicaSet.status?.conditions ?? []).filter(({ type }) => type !== 'ReplicaFailure');
  const counters: Record<string, number | undefined> = {
    fullyLabeledReplicas: ofTemplate.length,
    readyReplicas: active.filter(isReady).length,
    availableReplicas: available.length,
    observedGeneration: replicaSet.metadata.generation,
  };
  return {
    replicas: active.length,
    // Counters of zero are left out, as Kubernetes does, but for the one that may be unknown.
    ...Object.fromEntries(Object.entries(counters).filter(([, count]) => count)),
    // Replication controllers do not count them.
    ...(kind === kinds.replicasets ? { terminatingReplicas: held.length - active.length } : {}),
    ...(conditions.length > 0 ? { conditions } : {}),
  };
}

function statusActions({ kind, replicaSet }: Keeper, status: ReplicaSetStatus): readonly Action[] {
  if (isDeepStrictEqual(status, replicaSet.status)) return [];
  return [{ do: 'set-status', target: targetOf(kind, replicaSet), status, why: 'its status has changed' }];
}

/** When the next pod will have been ready for long enough, or an evicted one has waited for too long. */
function recheck(replicaSet: ReplicaSet, active: readonly Pod[], date: Date): { after?: number } {
  const waits = active.map((pod) => untilAvailable(pod, replicaSet.spec.minReadySeconds ?? 0, date) ?? 0);
  const evicted = partEvicted(active).evicted.map((pod) => untilOverdue(pod, date));
  const pending = [...waits, ...evicted].filter((wait) => wait > 0);
  return pending.length > 0 ? { after: Math.min(...pending) } : {};
}

/** Says on the keeper, and in an event, that pods could not be made or deleted. */
export function reportFailure(keeper: Keeper, { action, error }: Failure, { date }: Moment): readonly Action[] {
  const { kind, replicaSet } = keeper;
  if (action.do !== 'create' && action.do !== 'delete') return [];
  // Two that chose one name; the next try chooses another.
  if (error.reason === 'AlreadyExists') return [];
  const reason = action.do === 'create' ? 'FailedCreate' : 'FailedDelete';
  const message = error.message;
  const verb = action.do === 'create' ? 'creating' : 'deleting';
  const event = eventAbout(keeper, 'Warning', reason, `Error ${verb}: ${message}`);
  const why = 'pods could not be changed';
  const conditions = replicaSet.status?.conditions ?? [];
  if (conditions.some(({ type }) => type === 'ReplicaFailure')) return [{ do: 'record', event, why }];
  const failed: ReplicaSetCondition = {
    type: 'ReplicaFailure',
    status: 'True',
    reason,
    message,
    lastTransitionTime: formatTime(date.getTime()),
  };
  const observedGeneration = replicaSet.metadata.generation;
  const before = replicaSet.status ?? { replicas: 0 };
  const status = { ...before, observedGeneration, conditions: [...conditions, failed] };
  return [{ do: 'set-status', target: targetOf(kind, replicaSet), status, event, why }];
}
