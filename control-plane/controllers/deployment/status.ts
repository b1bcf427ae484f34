/** A deployment's status: its counters and what its conditions say about progress. */
import { formatTime } from '../../../api/machinery/time.ts';
import type { Deployment, DeploymentCondition, DeploymentStatus } from '../../../api/types/apps.v1.ts';
import type { Condition } from '../actions.ts';
import type { Fleet } from './fleet.ts';
import { allOf, boundsOf, hasDeadline, replicasOf, sum } from './fleet.ts';
import { isComplete } from './rollout.ts';

export interface StatusRequest {
  readonly fleet: Fleet;
  /** Whether progress is judged now: not while paused or merely scaled. */
  readonly rolling: boolean;
  /** The replica set that this plan makes. */
  readonly creating?: string;
  readonly collisionCount?: number;
  readonly date: Date;
}

export function statusOf(request: StatusRequest): DeploymentStatus {
  const { fleet, date } = request;
  const counters = countersOf(fleet, request.collisionCount);
  const before = fleet.deployment.status?.conditions ?? [];
  const changes = [availability(fleet, counters), ...progress(request, counters), ...replicaFailure(fleet)];
  const kept = before.filter(({ type }) => type !== 'ReplicaFailure' || changes.some((change) => change.type === type));
  const conditions = changes.reduce((list, change) => withCondition(list, change, date), kept);
  const judged = hasDeadline(fleet.deployment) ? conditions : conditions.filter(({ type }) => type !== 'Progressing');
  return { ...counters, conditions: judged };
}

/** The status as it was, with a Progressing condition that says why there is no progress. */
export function statusWithFailure(deployment: Deployment, failure: Condition, date: Date): DeploymentStatus {
  const { status } = deployment;
  if (!hasDeadline(deployment)) return status;
  return { ...status, conditions: withCondition(status.conditions ?? [], failure, date) };
}

function countersOf(fleet: Fleet, collisionCount = fleet.deployment.status?.collisionCount): DeploymentStatus {
  const { deployment, current } = fleet;
  const sets = allOf(fleet);
  const availableReplicas = sum(sets, ({ status }) => status?.availableReplicas ?? 0);
  const counters: Record<string, number | undefined> = {
    observedGeneration: deployment.metadata.generation,
    replicas: sum(sets, ({ status }) => status?.replicas ?? 0),
    updatedReplicas: current?.status?.replicas,
    readyReplicas: sum(sets, ({ status }) => status?.readyReplicas ?? 0),
    availableReplicas,
    unavailableReplicas: Math.max(0, sum(sets, replicasOf) - availableReplicas),
    collisionCount,
  };
  const terminating = sets.map(({ status }) => status?.terminatingReplicas);
  return {
    // Counters of zero are left out, as Kubernetes does, but for what may be unknown.
    ...Object.fromEntries(Object.entries(counters).filter(([, count]) => count)),
    ...(terminating.includes(undefined) ? {} : { terminatingReplicas: sum(terminating, (count) => count ?? 0) }),
  };
}

function availability({ deployment }: Fleet, { availableReplicas = 0 }: DeploymentStatus): Condition {
  const enough = availableReplicas >= replicasOf(deployment) - boundsOf(deployment).unavailable;
  return {
    type: 'Available',
    status: enough ? 'True' : 'False',
    reason: enough ? 'MinimumReplicasAvailable' : 'MinimumReplicasUnavailable',
    message: `Deployment ${enough ? 'has' : 'does not have'} minimum availability.`,
  };
}

export function progressingOf({ status }: Deployment): DeploymentCondition | undefined {
  return status?.conditions?.find(({ type }) => type === 'Progressing');
}

function progressing(status: string, reason: string, message: string): Condition {
  return { type: 'Progressing', status, reason, message };
}

/** The Progressing condition, when it changes. */
function progress(request: StatusRequest, counters: DeploymentStatus): readonly Condition[] {
  const { fleet, creating } = request;
  const { deployment, current } = fleet;
  const before = progressingOf(deployment);
  const pause = pauseChange(deployment, before);
  if (pause) return [pause];
  if (creating) return [progressing('True', 'NewReplicaSetCreated', `Created new replica set "${creating}"`)];
  if (!request.rolling) return [];
  const settled =
    before?.reason === 'NewReplicaSetAvailable' && (counters.replicas ?? 0) === (counters.updatedReplicas ?? 0);
  if (settled) return [];
  const subject = current ? `ReplicaSet "${current.metadata.name}"` : `Deployment "${deployment.metadata.name}"`;
  if (isComplete(fleet))
    return [progressing('True', 'NewReplicaSetAvailable', `${subject} has successfully progressed.`)];
  if (hasMoved(deployment.status ?? {}, counters)) {
    return [progressing('True', 'ReplicaSetUpdated', `${subject} is progressing.`)];
  }
  if (hasTimedOut(deployment, before, request.date)) {
    return [progressing('False', 'ProgressDeadlineExceeded', `${subject} has timed out progressing.`)];
  }
  if (!before && current) {
    return [progressing('True', 'FoundNewReplicaSet', `Found new replica set "${current.metadata.name}"`)];
  }
  return [];
}

function pauseChange({ spec }: Deployment, before: DeploymentCondition | undefined): Condition | undefined {
  if (before?.reason === 'ProgressDeadlineExceeded') return undefined;
  const saysPaused = before?.reason === 'DeploymentPaused';
  if (spec.paused && !saysPaused) return progressing('Unknown', 'DeploymentPaused', 'Deployment is paused');
  if (!spec.paused && saysPaused) return progressing('Unknown', 'DeploymentResumed', 'Deployment is resumed');
  return undefined;
}

function hasMoved(before: DeploymentStatus, now: DeploymentStatus): boolean {
  const oldOnes = (status: DeploymentStatus): number => (status.replicas ?? 0) - (status.updatedReplicas ?? 0);
  return (
    (now.updatedReplicas ?? 0) > (before.updatedReplicas ?? 0) ||
    oldOnes(now) < oldOnes(before) ||
    (now.readyReplicas ?? 0) > (before.readyReplicas ?? 0) ||
    (now.availableReplicas ?? 0) > (before.availableReplicas ?? 0)
  );
}

function hasTimedOut(deployment: Deployment, before: DeploymentCondition | undefined, date: Date): boolean {
  if (!before || before.reason === 'NewReplicaSetAvailable') return false;
  if (before.reason === 'ProgressDeadlineExceeded') return true;
  return (untilDeadline(deployment, before, date) ?? 1) <= 0;
}

/** Milliseconds until the rollout has made no progress for too long; undefined when that is not judged. */
export function untilDeadline(
  deployment: Deployment,
  condition: DeploymentCondition | undefined,
  date: Date,
): number | undefined {
  if (!hasDeadline(deployment) || !condition?.lastUpdateTime || deployment.spec.paused) return undefined;
  const seconds = deployment.spec.progressDeadlineSeconds ?? 0;
  return Date.parse(condition.lastUpdateTime) + seconds * 1000 - date.getTime();
}

function replicaFailure({ current, old }: Fleet): readonly Condition[] {
  for (const set of current ? [current, ...old] : old) {
    const failure = set.status?.conditions?.find(({ type }) => type === 'ReplicaFailure');
    if (failure) {
      const { type, status, reason, message } = failure;
      return [{ type, status, reason, message }];
    }
  }
  return [];
}

/** Says a condition again only when status or reason are new, or when it reports more progress. */
function withCondition(list: readonly DeploymentCondition[], next: Condition, date: Date): DeploymentCondition[] {
  const before = list.find(({ type }) => type === next.type);
  const again = before?.status === next.status && before.reason === next.reason;
  if (again && next.reason !== 'ReplicaSetUpdated') return [...list];
  const now = formatTime(date.getTime());
  const lastTransitionTime = before?.status === next.status ? before.lastTransitionTime : now;
  return [...list.filter((condition) => condition !== before), { ...next, lastUpdateTime: now, lastTransitionTime }];
}
