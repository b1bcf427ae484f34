/** Stateful sets, daemon sets, replication controllers. */
import { selectorText } from '../../api/printing/selector-text.ts';
import { labelsText } from '../../api/printing/selector-text.ts';
import type { DaemonSet, StatefulSet } from '../../api/types/apps.v1.ts';
import type { PersistentVolumeClaim, ReplicationController } from '../../api/types/core.v1.ts';
import type { Session } from '../session.ts';
import { annotationLines, eventLines, labelLines, mapLines, timeText, type Lines } from './common.ts';
import { classOf } from '../../api/printing/storage.ts';
import { templateLines } from './template.ts';
import { conditionLines, podCounts } from './workloads.ts';

export async function describeStatefulSet(set: StatefulSet, session: Session): Promise<Lines> {
  const { metadata, spec, status } = set;
  const { type = '', rollingUpdate } = spec.updateStrategy ?? {};
  return [
    `Name:\t${metadata.name}`,
    `Namespace:\t${metadata.namespace}`,
    `CreationTimestamp:\t${timeText(metadata.creationTimestamp)}`,
    `Selector:\t${selectorText(spec.selector)}`,
    ...labelLines(set),
    ...annotationLines(set),
    `Replicas:\t${spec.replicas ?? 1} desired | ${status.replicas} total`,
    `Update Strategy:\t${type}`,
    ...(rollingUpdate?.partition === undefined ? [] : [`  Partition:\t${rollingUpdate.partition}`]),
    ...(rollingUpdate?.partition === undefined || rollingUpdate.maxUnavailable === undefined
      ? []
      : [`  MaxUnavailable:\t${rollingUpdate.maxUnavailable}`]),
    `Pods Status:\t${await podCounts(set, spec.selector, session)}`,
    ...templateLines(spec.template),
    ...claimTemplateLines(spec.volumeClaimTemplates ?? []),
    ...(await eventLines(set, session)),
  ];
}

function claimTemplateLines(claims: readonly PersistentVolumeClaim[]): Lines {
  if (claims.length === 0) return ['Volume Claims:\t<none>'];
  return [
    'Volume Claims:',
    ...claims.flatMap((claim) => [
      `  Name:\t${claim.metadata.name}`,
      `  StorageClass:\t${classOf(claim)}`,
      ...mapLines('  Labels', claim.metadata.labels, '='),
      ...mapLines('  Annotations', claim.metadata.annotations, '='),
      `  Capacity:\t${claim.spec.resources?.requests?.['storage'] ?? '<default>'}`,
      `  Access Modes:\t[${(claim.spec.accessModes ?? []).join(' ')}]`,
    ]),
  ];
}

export async function describeDaemonSet(set: DaemonSet, session: Session): Promise<Lines> {
  const { metadata, spec, status } = set;
  return [
    `Name:\t${metadata.name}`,
    `Namespace:\t${metadata.namespace}`,
    `Selector:\t${selectorText(spec.selector)}`,
    `Node-Selector:\t${labelsText(spec.template.spec?.nodeSelector)}`,
    ...labelLines(set),
    ...annotationLines(set),
    `Desired Number of Nodes Scheduled: ${status.desiredNumberScheduled}`,
    `Current Number of Nodes Scheduled: ${status.currentNumberScheduled}`,
    `Number of Nodes Scheduled with Up-to-date Pods: ${status.updatedNumberScheduled ?? 0}`,
    `Number of Nodes Scheduled with Available Pods: ${status.numberAvailable ?? 0}`,
    `Number of Nodes Misscheduled: ${status.numberMisscheduled}`,
    `Pods Status:\t${await podCounts(set, spec.selector, session)}`,
    ...templateLines(spec.template),
    ...(await eventLines(set, session)),
  ];
}

export async function describeReplicationController(
  controller: ReplicationController,
  session: Session,
): Promise<Lines> {
  const { metadata, spec, status } = controller;
  return [
    `Name:\t${metadata.name}`,
    `Namespace:\t${metadata.namespace}`,
    `Selector:\t${labelsText(spec.selector)}`,
    ...labelLines(controller),
    ...annotationLines(controller),
    `Replicas:\t${status.replicas} current / ${spec.replicas ?? 1} desired`,
    `Pods Status:\t${await podCounts(controller, { matchLabels: spec.selector ?? {} }, session)}`,
    ...(spec.template ? templateLines(spec.template) : []),
    ...conditionLines(status.conditions),
    ...(await eventLines(controller, session)),
  ];
}
