/** discovery.k8s.io */
import type { discoveryKinds } from '../../../../api/kinds/discovery.ts';
import type { StrategiesOf } from '../../strategy.ts';
import { endpointSliceStrategy } from '../other.ts';

export const discoveryStrategies: StrategiesOf<typeof discoveryKinds> = {
  endpointslices: endpointSliceStrategy,
};
