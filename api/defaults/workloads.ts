/** Defaults of what keeps pods running. */
import type { DaemonSet, Deployment, ReplicaSet, StatefulSet } from '../types/apps.v1.ts';
import { defaultPodTemplate } from './pod.ts';
import { defaultClaim } from './storage.ts';

export function defaultDeployment(deployment: Deployment): void {
  deployment.spec ??= {} as Deployment['spec'];
  deployment.status ??= {};
  const { spec } = deployment;
  spec.replicas ??= 1;
  spec.revisionHistoryLimit ??= 10;
  spec.progressDeadlineSeconds ??= 600;
  spec.strategy ??= {};
  spec.strategy.type ||= 'RollingUpdate';
  if (spec.strategy.type === 'RollingUpdate') {
    spec.strategy.rollingUpdate ??= {};
    spec.strategy.rollingUpdate.maxUnavailable ??= '25%';
    spec.strategy.rollingUpdate.maxSurge ??= '25%';
  }
  spec.template ??= { metadata: {}, spec: { containers: [] } };
  defaultPodTemplate(spec.template);
}

export function defaultReplicaSet(replicaSet: ReplicaSet): void {
  replicaSet.spec ??= {} as ReplicaSet['spec'];
  replicaSet.status ??= { replicas: 0 };
  replicaSet.spec.replicas ??= 1;
  replicaSet.spec.template ??= { metadata: {}, spec: { containers: [] } };
  defaultPodTemplate(replicaSet.spec.template);
}

export function defaultDaemonSet(daemonSet: DaemonSet): void {
  daemonSet.spec ??= {} as DaemonSet['spec'];
  daemonSet.status ??= {} as DaemonSet['status'];
  const { spec } = daemonSet;
  spec.updateStrategy ??= {};
  const strategy = spec.updateStrategy;
  strategy.type ||= 'RollingUpdate';
  if (strategy.type === 'RollingUpdate') {
    strategy.rollingUpdate ??= {};
    strategy.rollingUpdate.maxUnavailable ??= 1;
    strategy.rollingUpdate.maxSurge ??= 0;
  }
  spec.revisionHistoryLimit ??= 10;
  spec.template ??= { metadata: {}, spec: { containers: [] } };
  defaultPodTemplate(spec.template);
}

export function defaultStatefulSet(statefulSet: StatefulSet): void {
  statefulSet.spec ??= {} as StatefulSet['spec'];
  statefulSet.status ??= { replicas: 0, availableReplicas: 0 };
  const { spec } = statefulSet;
  spec.podManagementPolicy ||= 'OrderedReady';
  defaultUpdateStrategy(spec);
  spec.persistentVolumeClaimRetentionPolicy ??= {};
  spec.persistentVolumeClaimRetentionPolicy.whenDeleted ||= 'Retain';
  spec.persistentVolumeClaimRetentionPolicy.whenScaled ||= 'Retain';
  spec.replicas ??= 1;
  spec.revisionHistoryLimit ??= 10;
  spec.template ??= { metadata: {}, spec: { containers: [] } };
  defaultPodTemplate(spec.template);
  for (const claim of spec.volumeClaimTemplates ?? []) {
    claim.apiVersion = 'v1';
    claim.kind = 'PersistentVolumeClaim';
    claim.metadata ??= {};
    defaultClaim(claim);
  }
}

function defaultUpdateStrategy(spec: StatefulSet['spec']): void {
  spec.updateStrategy ??= {};
  const strategy = spec.updateStrategy;
  if (!strategy.type) {
    strategy.type = 'RollingUpdate';
    strategy.rollingUpdate ??= {};
  }
  if (strategy.type !== 'RollingUpdate' || !strategy.rollingUpdate) return;
  strategy.rollingUpdate.partition ??= 0;
  strategy.rollingUpdate.maxUnavailable ??= 1;
}
