/** The core group. */
import type { coreKinds } from '../../../../api/kinds/core.ts';
import type { ServiceAllocator } from '../../allocation/service-allocator.ts';
import type { StrategiesOf } from '../../strategy.ts';
import { namespaceStrategy } from '../namespace.ts';
import { configMapStrategy, eventStrategy, nodeStrategy, secretStrategy, serviceAccountStrategy } from '../other.ts';
import { podStrategy } from '../pod.ts';
import { serviceStrategy } from '../service.ts';

export function coreStrategies(allocator: ServiceAllocator): StrategiesOf<typeof coreKinds> {
  return {
    namespaces: namespaceStrategy,
    nodes: nodeStrategy,
    pods: podStrategy,
    services: serviceStrategy(allocator),
    configmaps: configMapStrategy,
    secrets: secretStrategy,
    serviceaccounts: serviceAccountStrategy,
    events: eventStrategy,
  };
}
