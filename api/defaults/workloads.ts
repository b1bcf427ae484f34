/** Defaults of Deployment and ReplicaSet. */
import type { Deployment, ReplicaSet } from '../schema/types/apps.v1.ts';
import { defaultPodTemplate } from './pod.ts';

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
