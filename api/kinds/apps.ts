/** apps */
import type { Deployment, ReplicaSet } from '../schema/types/apps.v1.ts';
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
};
