/** What keeps pods running, and the states it was in. */
import { defaultDeployment, defaultReplicaSet, defaultStatefulSet } from '../../../api/defaults/workloads.ts';
import { sameJson } from '../../../api/machinery/json.ts';
import { checkDnsLabel, checkDnsSubdomain } from '../../../api/machinery/names.ts';
import type { ControllerRevision, Deployment, ReplicaSet, StatefulSet } from '../../../api/types/apps.v1.ts';
import {
  validateControllerRevision,
  validateControllerRevisionUpdate,
} from '../../../api/validation/apps/controllerrevision.ts';
import {
  validateStatefulSet,
  validateStatefulSetStatus,
  validateStatefulSetUpdate,
} from '../../../api/validation/apps/statefulset.ts';
import {
  validateDeployment,
  validateDeploymentStatus,
  validateDeploymentUpdate,
  validateReplicaSet,
  validateReplicaSetStatus,
  validateReplicaSetUpdate,
} from '../../../api/validation/workloads.ts';
import { warnOfStatefulSet, warnOfWorkload } from '../../../api/validation/warnings.ts';
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
  statusKeeps: ['metadata.labels'],
  prepareForStatusUpdate(next, previous) {
    if (previous.metadata.labels) next.metadata.labels = previous.metadata.labels;
    else delete next.metadata.labels;
  },
  validateStatusUpdate: validateDeploymentStatus,
  warnings: warnOfWorkload,
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
  validateStatusUpdate: validateReplicaSetStatus,
  warnings: warnOfWorkload,
};

export const statefulSetStrategy: Strategy<StatefulSet> = {
  checkName: checkDnsLabel,
  applyDefaults: defaultStatefulSet,
  generation: true,
  prepareForCreate(statefulSet) {
    statefulSet.status = { replicas: 0, availableReplicas: 0 };
  },
  validate: validateStatefulSet,
  validateUpdate: validateStatefulSetUpdate,
  validatesUpdateAlone: true,
  validateStatusUpdate: validateStatefulSetStatus,
  warnings: warnOfStatefulSet,
};

export const controllerRevisionStrategy: Strategy<ControllerRevision> = {
  checkName: checkDnsSubdomain,
  applyDefaults(revision) {
    revision.revision ??= 0;
  },
  validate: validateControllerRevision,
  validateUpdate: validateControllerRevisionUpdate,
  validatesUpdateAlone: true,
};
