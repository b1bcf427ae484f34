/** apps */
import type { ControllerRevision, DaemonSet, Deployment, ReplicaSet, StatefulSet } from '../types/apps.v1.ts';
import { kind } from './kind.ts';

export const appsKinds = {
  deployments: kind<Deployment>({
    group: 'apps',
    kind: 'Deployment',
    plural: 'deployments',
    shortNames: ['deploy'],
    categories: ['all'],
    status: true,
    scale: true,
    schema: 'io.k8s.api.apps.v1.Deployment',
  }),
  replicasets: kind<ReplicaSet>({
    group: 'apps',
    kind: 'ReplicaSet',
    plural: 'replicasets',
    shortNames: ['rs'],
    categories: ['all'],
    status: true,
    scale: true,
    schema: 'io.k8s.api.apps.v1.ReplicaSet',
  }),
  statefulsets: kind<StatefulSet>({
    group: 'apps',
    kind: 'StatefulSet',
    plural: 'statefulsets',
    shortNames: ['sts'],
    categories: ['all'],
    status: true,
    scale: true,
    schema: 'io.k8s.api.apps.v1.StatefulSet',
  }),
  daemonsets: kind<DaemonSet>({
    group: 'apps',
    kind: 'DaemonSet',
    plural: 'daemonsets',
    shortNames: ['ds'],
    categories: ['all'],
    status: true,
    schema: 'io.k8s.api.apps.v1.DaemonSet',
  }),
  controllerrevisions: kind<ControllerRevision>({
    group: 'apps',
    kind: 'ControllerRevision',
    plural: 'controllerrevisions',
    schema: 'io.k8s.api.apps.v1.ControllerRevision',
  }),
};
