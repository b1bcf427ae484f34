/** Where groups and their versions stand among all others, in discovery and in what clients prefer. */

export interface Priority {
  /** Of the group: from 20,000 down to 1, the highest first. */
  readonly group: number;
  /** Of the version in its group: from 1,000 down to 1, the highest first. */
  readonly version: number;
}

/** The group of APIServices itself comes before all others. */
export const FIRST_GROUP = 'apiregistration.k8s.io';

/** Custom resources come behind all built-in groups. */
export const CUSTOM_PRIORITY: Priority = { group: 1000, version: 100 };

const VERSION = 15;

/** By `group/version`. The numbers are those of Kubernetes. */
export const BUILT_IN_PRIORITIES: ReadonlyMap<string, Priority> = new Map(
  Object.entries<readonly [group: number, version?: number]>({
    '/v1': [18_000, 1],
    'apps/v1': [17_800],
    'events.k8s.io/v1': [17_750],
    'authentication.k8s.io/v1': [17_700],
    'authorization.k8s.io/v1': [17_600],
    'autoscaling/v1': [17_500],
    'autoscaling/v2': [17_500, 30],
    'batch/v1': [17_400],
    'certificates.k8s.io/v1': [17_300],
    'networking.k8s.io/v1': [17_200],
    'policy/v1': [17_100],
    'rbac.authorization.k8s.io/v1': [17_000],
    'storage.k8s.io/v1': [16_800],
    'apiextensions.k8s.io/v1': [16_700],
    'admissionregistration.k8s.io/v1': [16_700],
    'scheduling.k8s.io/v1': [16_600],
    'coordination.k8s.io/v1': [16_500],
    'node.k8s.io/v1': [16_300],
    'discovery.k8s.io/v1': [16_200],
    'resource.k8s.io/v1': [16_200, 20],
    'flowcontrol.apiserver.k8s.io/v1': [16_100, 21],
    'metrics.k8s.io/v1beta1': [100, 100],
  }).map(([name, [group, version = VERSION]]) => [name, { group, version }]),
);
