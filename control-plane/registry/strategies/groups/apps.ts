/** apps */
import type { appsKinds } from '../../../../api/kinds/apps.ts';
import type { StrategiesOf } from '../../strategy.ts';
import { deploymentStrategy, replicaSetStrategy } from '../workloads.ts';

export const appsStrategies: StrategiesOf<typeof appsKinds> = {
  deployments: deploymentStrategy,
  replicasets: replicaSetStrategy,
};
