/** Where rollouts stand, in kubectl's words. Each function throws CommandError for one that has failed or that can't be told. */
import type { DaemonSet, Deployment, StatefulSet } from '../../api/types/apps.v1.ts';
import { CommandError } from '../errors.ts';

export interface RolloutStatus {
  readonly text: string;
  readonly isDone: boolean;
}

const waiting = (text: string): RolloutStatus => ({ text, isDone: false });
const done = (text: string): RolloutStatus => ({ text, isDone: true });

interface Observed {
  readonly metadata: { generation?: number };
  readonly status?: { observedGeneration?: number };
}

function isObserved({ metadata, status }: Observed): boolean {
  return (status?.observedGeneration ?? 0) >= (metadata.generation ?? 0);
}

export function deploymentStatus(deployment: Deployment): RolloutStatus {
  const { metadata, spec } = deployment;
  const status: Deployment['status'] = deployment.status ?? {};
  const { name } = metadata;
  if (!isObserved(deployment)) return waiting('Waiting for deployment spec update to be observed...');
  const progressing = status.conditions?.find(({ type }) => type === 'Progressing');
  if (progressing?.reason === 'ProgressDeadlineExceeded') {
    throw new CommandError(`deployment "${name}" exceeded its progress deadline`);
  }
  const wanted = spec.replicas ?? 1;
  const { updatedReplicas = 0, replicas = 0, availableReplicas = 0 } = status;
  const prefix = `Waiting for deployment "${name}" rollout to finish:`;
  if (updatedReplicas < wanted) {
    return waiting(`${prefix} ${updatedReplicas} out of ${wanted} new replicas have been updated...`);
  }
  if (replicas > updatedReplicas) {
    return waiting(`${prefix} ${replicas - updatedReplicas} old replicas are pending termination...`);
  }
  if (availableReplicas < updatedReplicas) {
    return waiting(`${prefix} ${availableReplicas} of ${updatedReplicas} updated replicas are available...`);
  }
  return done(`deployment "${name}" successfully rolled out`);
}

export function daemonSetStatus(daemonSet: DaemonSet): RolloutStatus {
  const { metadata, spec, status } = daemonSet;
  requireRolling(spec.updateStrategy.type);
  if (!isObserved(daemonSet)) return waiting('Waiting for daemon set spec update to be observed...');
  const { desiredNumberScheduled: wanted, updatedNumberScheduled = 0, numberAvailable = 0 } = status;
  const prefix = `Waiting for daemon set "${metadata.name}" rollout to finish:`;
  if (updatedNumberScheduled < wanted) {
    return waiting(`${prefix} ${updatedNumberScheduled} out of ${wanted} new pods have been updated...`);
  }
  if (numberAvailable < wanted) {
    return waiting(`${prefix} ${numberAvailable} of ${wanted} updated pods are available...`);
  }
  return done(`daemon set "${metadata.name}" successfully rolled out`);
}

export function statefulSetStatus(set: StatefulSet): RolloutStatus {
  const { spec, status } = set;
  const { type, rollingUpdate } = spec.updateStrategy ?? {};
  requireRolling(type);
  if (!status?.observedGeneration || !isObserved(set)) {
    return waiting('Waiting for statefulset spec update to be observed...');
  }
  const wanted = spec.replicas ?? 1;
  const { readyReplicas = 0, updatedReplicas = 0, currentReplicas = 0, updateRevision, currentRevision } = status;
  if (readyReplicas < wanted) return waiting(`Waiting for ${wanted - readyReplicas} pods to be ready...`);
  const partition = rollingUpdate?.partition;
  if (partition !== undefined) {
    const share = wanted - partition;
    if (updatedReplicas >= share) {
      return done(`partitioned roll out complete: ${updatedReplicas} new pods have been updated...`);
    }
    const progress = `${updatedReplicas} out of ${share} new pods have been updated...`;
    return waiting(`Waiting for partitioned roll out to finish: ${progress}`);
  }
  if (updateRevision !== currentRevision) {
    const progress = `${updatedReplicas} pods at revision ${updateRevision}...`;
    return waiting(`waiting for statefulset rolling update to complete ${progress}`);
  }
  return done(`statefulset rolling update complete ${currentReplicas} pods at revision ${currentRevision}...`);
}

function requireRolling(type: string | undefined): void {
  if (type === 'RollingUpdate') return;
  throw new CommandError('rollout status is only available for RollingUpdate strategy type');
}
