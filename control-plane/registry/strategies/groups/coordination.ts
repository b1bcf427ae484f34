/** coordination.k8s.io */
import type { coordinationKinds } from '../../../../api/kinds/coordination.ts';
import type { StrategiesOf } from '../../strategy.ts';
import { leaseStrategy } from '../other.ts';

export const coordinationStrategies: StrategiesOf<typeof coordinationKinds> = {
  leases: leaseStrategy,
};
