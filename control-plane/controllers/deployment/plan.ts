/** Plans for a deployment: from it, its replica sets and their pods to what happens next. */
import { isDeepStrictEqual } from 'node:util';

import { kinds } from '../../../api/kinds.ts';
import { selectorFromObject } from '../../../api/machinery/selectors.ts';
import type { Deployment, DeploymentStatus, ReplicaSet } from '../../../api/types/apps.v1.ts';
import type { Pod } from '../../../api/types/core.v1.ts';
import type { Action, EventSeed } from '../actions.ts';
import { ownerReferenceTo, referenceTo, targetOf } from '../actions.ts';
import type { Moment, Plan } from '../controller.ts';
import { claim } from '../owners.ts';
import type { Fleet, Resize } from './fleet.ts';
import { fleetOf, replicasOf } from './fleet.ts';
import { scaleStep, wasScaled } from './proportional-scaling.ts';
import { REVISION, annotationsFor, currentRevision, outlived, sizeAnnotations } from './revision.ts';
import { isComplete, nextCurrentSize, oldPodsRun, recreateStep, rollingStep } from './rollout.ts';
import { progressingOf, statusOf, statusWithFailure, untilDeadline } from './status.ts';
import { TEMPLATE_HASH_LABEL, templateHash } from '../template-hash.ts';

export interface DeploymentSnapshot {
  readonly deployment: Deployment;
  /** Those it controls, and those in its namespace that nothing controls. */
  readonly replicaSets: readonly ReplicaSet[];
  /** Pods of the replica sets it controls. */
  readonly pods: readonly Pod[];
}

export function planDeployment(snapshot: DeploymentSnapshot, moment: Moment): Plan {
  const { deployment } = snapshot;
  const selector = selectorFromObject(deployment.spec.selector);
  if (selector.requirements.length === 0) return refuse(deployment);
  const { held, actions } = claim({
    owner: deployment,
    ownerKind: kinds.deployments,
    kind: kinds.replicasets,
    candidates: snapshot.replicaSets,
    matches: selector.matches,
  });
  const fleet = fleetOf(deployment, held, snapshot.pods);
  const step = stepOf(fleet);
  const status = statusOf({
    fleet,
    rolling: step.rolling,
    date: moment.date,
    ...(step.creating ? { creating: step.creating } : {}),
  });
  return {
    actions: [...actions, ...step.actions, ...revisionActions(fleet), ...statusActions(deployment, status)],
    reasons: step.reasons,
    ...recheck(fleet, status, moment),
  };
}

interface Step {
  readonly actions: readonly Action[];
  readonly reasons: readonly string[];
  readonly rolling: boolean;
  readonly creating?: string;
}

function stepOf(fleet: Fleet): Step {
  const { deployment } = fleet;
  if (deployment.metadata.deletionTimestamp) {
    return { actions: [], reasons: ['the deployment is being deleted'], rolling: false };
  }
  if (deployment.spec.paused) {
    const actions = [...resizeAll(fleet, scaleStep(fleet)), ...cleanUp(fleet)];
    return { actions, reasons: ['the deployment is paused'], rolling: false };
  }
  if (wasScaled(fleet)) return { actions: resizeAll(fleet, scaleStep(fleet)), reasons: [], rolling: false };
  return deployment.spec.strategy?.type === 'Recreate' ? recreate(fleet) : roll(fleet);
}

function roll(fleet: Fleet): Step {
  if (!fleet.current) return create(fleet);
  const resizes = rollingStep(fleet);
  const clean = isComplete(fleet) ? cleanUp(fleet) : [];
  const waiting = resizes.length === 0 && !isComplete(fleet);
  const reasons = waiting ? ['waiting for pods to become available before the next step'] : [];
  return { actions: [...resizeAll(fleet, resizes), ...clean], reasons, rolling: true };
}

function recreate(fleet: Fleet): Step {
  const resizes = recreateStep(fleet);
  if (!fleet.current && resizes.length === 0 && !oldPodsRun(fleet)) return create(fleet);
  const reasons = oldPodsRun(fleet) ? ['waiting for the old pods to end before new ones start'] : [];
  const clean = isComplete(fleet) ? cleanUp(fleet) : [];
  return { actions: [...resizeAll(fleet, resizes), ...clean], reasons, rolling: true };
}

function create(fleet: Fleet): Step {
  const set = currentSetFor(fleet);
  const name = set.metadata.name ?? '';
  const replicas = replicasOf(set);
  const event = replicas > 0 ? { event: scaled(fleet.deployment, name, 0, replicas) } : {};
  const why = 'the pod template has no replica set yet';
  return {
    actions: [{ do: 'create', kind: kinds.replicasets, object: set, why, ...event }],
    reasons: [],
    rolling: true,
    creating: name,
  };
}

function currentSetFor(fleet: Fleet): ReplicaSet {
  const { deployment } = fleet;
  const { template, selector, minReadySeconds } = deployment.spec;
  const hash = templateHash(template, deployment.status?.collisionCount ?? 0);
  const labels = { ...template.metadata?.labels, [TEMPLATE_HASH_LABEL]: hash };
  return {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: {
      name: `${deployment.metadata.name}-${hash}`,
      namespace: deployment.metadata.namespace,
      labels,
      annotations: { ...annotationsFor(fleet), ...sizeAnnotations(deployment) },
      ownerReferences: [ownerReferenceTo(kinds.deployments, deployment)],
    },
    spec: {
      replicas: nextCurrentSize(fleet, 0),
      ...(minReadySeconds === undefined ? {} : { minReadySeconds }),
      selector: { ...selector, matchLabels: { ...selector?.matchLabels, [TEMPLATE_HASH_LABEL]: hash } },
      template: { ...template, metadata: { ...template.metadata, labels } },
    },
    status: { replicas: 0 },
  };
}

function scaled(deployment: Deployment, name: string, from: number, to: number): EventSeed {
  return {
    about: referenceTo(kinds.deployments, deployment),
    type: 'Normal',
    reason: 'ScalingReplicaSet',
    message: `Scaled ${to > from ? 'up' : 'down'} replica set ${name} from ${from} to ${to}`,
  };
}

function resizeAll({ deployment }: Fleet, resizes: readonly Resize[]): readonly Action[] {
  const annotations = sizeAnnotations(deployment);
  return resizes.flatMap(({ set, replicas }): Action[] => {
    const from = replicasOf(set);
    const current = set.metadata.annotations ?? {};
    const noted = Object.entries(annotations).every(([name, value]) => current[name] === value);
    if (from === replicas && noted) return [];
    const target = targetOf(kinds.replicasets, set);
    const patch = { metadata: { annotations }, spec: { replicas } };
    const event = from === replicas ? {} : { event: scaled(deployment, target.name, from, replicas) };
    return [{ do: 'patch', target, patch, why: `its share is ${replicas} now`, ...event }];
  });
}

function cleanUp(fleet: Fleet): readonly Action[] {
  const why = 'it is beyond the revision history limit';
  return outlived(fleet).map((set) => {
    const target = targetOf(kinds.replicasets, set);
    return { do: 'delete', target, propagationPolicy: 'Background', why, ...guard(set) };
  });
}

function guard({ metadata }: ReplicaSet): { resourceVersion?: string } {
  return metadata.resourceVersion ? { resourceVersion: metadata.resourceVersion } : {};
}

/** Keeps annotations and minReadySeconds of the current set, and the deployment's revision, as they should be. */
function revisionActions(fleet: Fleet): readonly Action[] {
  const { deployment, current } = fleet;
  if (deployment.metadata.deletionTimestamp) return [];
  const actions: Action[] = [];
  if (current) {
    const annotations = annotationsFor(fleet, current.metadata.annotations);
    const minReadySeconds = deployment.spec.minReadySeconds ?? 0;
    const differs = !isDeepStrictEqual(annotations, current.metadata.annotations ?? {});
    if (differs || (current.spec.minReadySeconds ?? 0) !== minReadySeconds) {
      const own = Object.fromEntries(
        Object.entries(annotations).filter(([name]) => !(name in sizeAnnotations(deployment))),
      );
      const patch = { metadata: { annotations: own }, spec: { minReadySeconds } };
      actions.push({
        do: 'patch',
        target: targetOf(kinds.replicasets, current),
        patch,
        why: 'it is the latest revision',
      });
    }
  }
  const revision = String(currentRevision(fleet));
  const willExist = current !== undefined || !deployment.spec.paused;
  if (willExist && deployment.metadata.annotations?.[REVISION] !== revision) {
    const patch = { metadata: { annotations: { [REVISION]: revision } } };
    actions.push({ do: 'patch', target: targetOf(kinds.deployments, deployment), patch, why: 'a new revision' });
  }
  return actions;
}

function statusActions(deployment: Deployment, status: DeploymentStatus): readonly Action[] {
  if (isDeepStrictEqual(status, deployment.status)) return [];
  return [{ do: 'set-status', target: targetOf(kinds.deployments, deployment), status, why: 'its status has changed' }];
}

/** Reasons of the Progressing condition that only an event can change, not time. */
const SETTLED = new Set(['NewReplicaSetAvailable', 'ProgressDeadlineExceeded']);

/** When the progress deadline must be looked at, if nothing happens before. */
function recheck(fleet: Fleet, status: DeploymentStatus, { date }: Moment): { after?: number } {
  const condition = progressingOf({ ...fleet.deployment, status });
  if (isComplete(fleet) || !condition || SETTLED.has(condition.reason ?? '')) return {};
  const left = untilDeadline(fleet.deployment, condition, date);
  return left === undefined ? {} : { after: Math.max(0, left) + 1000 };
}

function refuse(deployment: Deployment): Plan {
  const event: EventSeed = {
    about: referenceTo(kinds.deployments, deployment),
    type: 'Warning',
    reason: 'SelectingAll',
    message: 'This deployment is selecting all pods. A non-empty selector is required.',
  };
  const { generation } = deployment.metadata;
  const seen = deployment.status?.observedGeneration === generation;
  const status = { ...deployment.status, observedGeneration: generation };
  const actions = seen
    ? []
    : [{ do: 'record' as const, event, why: event.message }, ...statusActions(deployment, status)];
  return { actions, reasons: [event.message], hopeless: event.message };
}

/** After a create was refused because the name is taken by a set of another template: choose another hash. */
export function planCollision(deployment: Deployment, existing: ReplicaSet | undefined): readonly Action[] {
  if (!existing) return [];
  const isOurs = existing.metadata.ownerReferences?.some(({ uid }) => uid === deployment.metadata.uid);
  if (isOurs && fleetOf(deployment, [existing], []).current) return [];
  const status = { ...deployment.status, collisionCount: (deployment.status?.collisionCount ?? 0) + 1 };
  return [
    { do: 'set-status', target: targetOf(kinds.deployments, deployment), status, why: 'its hash is taken by another' },
  ];
}

/** Says on the deployment, and in an event, that its replica set could not be made. */
export function reportFailure(
  deployment: Deployment,
  name: string,
  cause: string,
  { date }: Moment,
): readonly Action[] {
  const reason = 'ReplicaSetCreateError';
  const message = `Failed to create new replica set "${name}": ${cause}`;
  const event: EventSeed = { about: referenceTo(kinds.deployments, deployment), type: 'Warning', reason, message };
  const why = 'its replica set could not be made';
  const status = statusWithFailure(deployment, { type: 'Progressing', status: 'False', reason, message }, date);
  if (isDeepStrictEqual(status, deployment.status)) return [{ do: 'record', event, why }];
  return [{ do: 'set-status', target: targetOf(kinds.deployments, deployment), status, event, why }];
}
