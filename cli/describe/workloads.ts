/** Deployments and replica sets. */
import type { KubeObject } from '../../api/object.ts';
import type { Deployment, ReplicaSet } from '../../api/types/apps.v1.ts';
import type { LabelSelector } from '../../api/types/meta.v1.ts';
import { selectorText as labelSelectorText } from '../../api/printing/selector-text.ts';
import { podsWith, selectorText } from '../pods.ts';
import type { Session } from '../session.ts';
import { replicaSetsOf } from '../workloads.ts';
import { annotationLines, eventLines, labelLines, timeText, type Lines } from './common.ts';
import { templateLines } from './template.ts';

interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason?: string;
}

export async function describeDeployment(deployment: Deployment, session: Session): Promise<Lines> {
  const { metadata, spec } = deployment;
  const status: Deployment['status'] = deployment.status ?? {};
  const { updatedReplicas = 0, replicas = 0, availableReplicas = 0, unavailableReplicas = 0 } = status;
  const { rollingUpdate } = spec.strategy ?? {};
  return [
    `Name:\t${metadata.name}`,
    `Namespace:\t${metadata.namespace}`,
    `CreationTimestamp:\t${timeText(metadata.creationTimestamp)}`,
    ...labelLines(deployment),
    ...annotationLines(deployment),
    `Selector:\t${labelSelectorText(spec.selector)}`,
    `Replicas:\t${spec.replicas ?? 1} desired | ${updatedReplicas} updated | ${replicas} total | ${availableReplicas} available | ${unavailableReplicas} unavailable`,
    `StrategyType:\t${spec.strategy?.type ?? ''}`,
    `MinReadySeconds:\t${spec.minReadySeconds ?? 0}`,
    ...(rollingUpdate
      ? [`RollingUpdateStrategy:\t${rollingUpdate.maxUnavailable} max unavailable, ${rollingUpdate.maxSurge} max surge`]
      : []),
    ...templateLines(spec.template),
    ...conditionLines(status.conditions),
    ...(await setLines(deployment, session)),
    ...(await eventLines(deployment, session)),
  ];
}

async function setLines(deployment: Deployment, session: Session): Promise<Lines> {
  const sets = await replicaSetsOf(deployment, session);
  const current = sets.at(-1);
  if (!current) return [];
  const text = (set: ReplicaSet): string =>
    `${set.metadata.name} (${set.status?.replicas ?? 0}/${set.spec.replicas ?? 0} replicas created)`;
  const old = sets.slice(0, -1);
  return [`OldReplicaSets:\t${old.map(text).join(', ') || '<none>'}`, `NewReplicaSet:\t${text(current)}`];
}

export async function describeReplicaSet(set: ReplicaSet, session: Session): Promise<Lines> {
  const { metadata, spec, status } = set;
  const owner = metadata.ownerReferences?.find(({ controller }) => controller);
  return [
    `Name:\t${metadata.name}`,
    `Namespace:\t${metadata.namespace}`,
    `Selector:\t${labelSelectorText(spec.selector)}`,
    ...labelLines(set),
    ...annotationLines(set),
    ...(owner ? [`Controlled By:\t${owner.kind}/${owner.name}`] : []),
    `Replicas:\t${status?.replicas ?? 0} current / ${spec.replicas ?? 0} desired`,
    `Pods Status:\t${await podCounts(set, spec.selector, session)}`,
    ...(spec.template ? templateLines(spec.template) : []),
    ...conditionLines(status?.conditions),
    ...(await eventLines(set, session)),
  ];
}

/** Of those it owns among those it selects. */
export async function podCounts(
  { metadata: { uid, namespace } }: KubeObject,
  selector: LabelSelector | undefined,
  session: Session,
): Promise<string> {
  const selected = await podsWith(selectorText(selector), namespace, session);
  const pods = selected.filter(({ metadata }) => metadata.ownerReferences?.some((owner) => owner.uid === uid));
  const count = (phase: string): number => pods.filter(({ status }) => status?.phase === phase).length;
  return `${count('Running')} Running / ${count('Pending')} Waiting / ${count('Succeeded')} Succeeded / ${count('Failed')} Failed`;
}

export function conditionLines(conditions: readonly Condition[] = []): Lines {
  if (conditions.length === 0) return [];
  return [
    'Conditions:',
    '  Type\tStatus\tReason',
    '  ----\t------\t------',
    ...conditions.map(({ type, status, reason }) => `  ${type} \t${status}\t${reason ?? ''}`),
  ];
}
