/** Deployments and ReplicaSets. */
import { defaultDeployment, defaultReplicaSet } from '../../../api/defaults/workloads.ts';
import { sameJson } from '../../../api/machinery/json.ts';
import { checkDnsSubdomain } from '../../../api/machinery/names.ts';
import type { Deployment, ReplicaSet } from '../../../api/schema/types/apps.v1.ts';
import {
  validateDeployment,
  validateDeploymentUpdate,
  validateReplicaSet,
  validateReplicaSetUpdate,
  validateWorkloadStatus,
} from '../../../api/validation/workloads.ts';
import type { Strategy } from '../strategy.ts';

export const deploymentStrategy: Strategy<Deployment> = {
  checkName: checkDnsSubdomain,
  applyDefaults: defaultDeployment,
  generation: true,
  // Annotations are copied to the replica sets, so a change of one is something to act on.
  bumpsGeneration: (next, previous) => !sameJson(next.metadata.annotations ?? {}, previous.metadata.annotations ?? {}),
  prepareForCreate(deployment) {
    deployment.status = {};
  },
  validate: validateDeployment,
  validateUpdate: validateDeploymentUpdate,
  prepareForStatusUpdate(next, previous) {
    if (previous.metadata.labels) next.metadata.labels = previous.metadata.labels;
    else delete next.metadata.labels;
  },
  validateStatusUpdate: validateWorkloadStatus,
};

export const replicaSetStrategy: Strategy<ReplicaSet> = {
  checkName: checkDnsSubdomain,
  applyDefaults: defaultReplicaSet,
  generation: true,
  prepareForCreate(replicaSet) {
    replicaSet.status = { replicas: 0 };
  },
  validate: validateReplicaSet,
  validateUpdate: validateReplicaSetUpdate,
  validateStatusUpdate: validateWorkloadStatus,
};
