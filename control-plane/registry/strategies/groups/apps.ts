/** apps */
import type { appsKinds } from '../../../../api/kinds/apps.ts';
import type { StrategiesOf } from '../../strategy.ts';
import { daemonSetStrategy } from '../daemonset.ts';
import {
  controllerRevisionStrategy,
  deploymentStrategy,
  replicaSetStrategy,
  statefulSetStrategy,
} from '../workloads.ts';

export const appsStrategies: StrategiesOf<typeof appsKinds> = {
  deployments: deploymentStrategy,
  replicasets: replicaSetStrategy,
  statefulsets: statefulSetStrategy,
  daemonsets: daemonSetStrategy,
  controllerrevisions: controllerRevisionStrategy,
};
