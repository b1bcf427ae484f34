/** How each kind is described. A kind that is not here is shown field by field. */
import type { KubeObject } from '../../api/object.ts';
import type { Session } from '../session.ts';
import type { Lines } from './common.ts';

/** Of one kind. The cast is by kind: the server has decoded each object as what it says it is. */
export type Describer = (object: never, session: Session) => Promise<Lines> | Lines;

/** By group and kind; loaded only when it is asked for. */
const describers: Readonly<Record<string, () => Promise<Describer>>> = {
  '/Pod': async () => (await import('./pod.ts')).describePod,
  '/Node': async () => (await import('./node.ts')).describeNode,
  '/Service': async () => (await import('./others.ts')).describeService,
  '/ConfigMap': async () => (await import('./others.ts')).describeConfigMap,
  '/Secret': async () => (await import('./others.ts')).describeSecret,
  '/Namespace': async () => (await import('./others.ts')).describeNamespace,
  '/ServiceAccount': async () => (await import('./others.ts')).describeServiceAccount,
  '/ResourceQuota': async () => (await import('./limits.ts')).describeQuota,
  '/LimitRange': async () => (await import('./limits.ts')).describeLimitRange,
  '/Endpoints': async () => (await import('./endpoints.ts')).describeEndpoints,
  'discovery.k8s.io/EndpointSlice': async () => (await import('./endpoints.ts')).describeEndpointSlice,
  '/PersistentVolume': async () => (await import('./storage.ts')).describeVolume,
  '/PersistentVolumeClaim': async () => (await import('./storage.ts')).describeClaim,
  'storage.k8s.io/StorageClass': async () => (await import('./storage.ts')).describeStorageClass,
  'apps/Deployment': async () => (await import('./workloads.ts')).describeDeployment,
  'apps/ReplicaSet': async () => (await import('./workloads.ts')).describeReplicaSet,
  '/ReplicationController': async () => (await import('./sets.ts')).describeReplicationController,
  'apps/StatefulSet': async () => (await import('./sets.ts')).describeStatefulSet,
  'apps/DaemonSet': async () => (await import('./sets.ts')).describeDaemonSet,
  'batch/Job': async () => (await import('./jobs.ts')).describeJob,
  'batch/CronJob': async () => (await import('./jobs.ts')).describeCronJob,
  'networking.k8s.io/Ingress': async () => (await import('./ingress.ts')).describeIngress,
  'networking.k8s.io/IngressClass': async () => (await import('./ingress.ts')).describeIngressClass,
  'networking.k8s.io/NetworkPolicy': async () => (await import('./network-policy.ts')).describeNetworkPolicy,
  'autoscaling/HorizontalPodAutoscaler': async () => (await import('./autoscaler.ts')).describeAutoscaler,
  'policy/PodDisruptionBudget': async () => (await import('./policy.ts')).describeDisruptionBudget,
  'scheduling.k8s.io/PriorityClass': async () => (await import('./policy.ts')).describePriorityClass,
  'rbac.authorization.k8s.io/Role': async () => (await import('./rights.ts')).describeRole,
  'rbac.authorization.k8s.io/ClusterRole': async () => (await import('./rights.ts')).describeRole,
  'rbac.authorization.k8s.io/RoleBinding': async () => (await import('./rights.ts')).describeBinding,
  'rbac.authorization.k8s.io/ClusterRoleBinding': async () => (await import('./rights.ts')).describeBinding,
  'certificates.k8s.io/CertificateSigningRequest': async () =>
    (await import('./certificates.ts')).describeCertificateRequest,
};

export async function describe(object: KubeObject, session: Session): Promise<Lines> {
  const [group, version] = (object.apiVersion ?? '').split('/');
  const load = describers[`${version === undefined ? '' : group}/${object.kind}`];
  if (!load) return (await import('./generic.ts')).describeAnything(object, session);
  return (await load())(object as never, session);
}
