/** The core group. */
import type { coreKinds } from '../../../../api/kinds/core.ts';
import type { ServiceAllocator } from '../../allocation/service-allocator.ts';
import type { StrategiesOf } from '../../strategy.ts';
import {
  endpointsStrategy,
  limitRangeStrategy,
  podTemplateStrategy,
  replicationControllerStrategy,
  resourceQuotaStrategy,
} from '../core.ts';
import { coreEventStrategy } from '../events.ts';
import { namespaceStrategy } from '../namespace.ts';
import { configMapStrategy, nodeStrategy, secretStrategy, serviceAccountStrategy } from '../other.ts';
import { podStrategy } from '../pod.ts';
import { serviceStrategy } from '../service.ts';
import { claimStrategy, volumeStrategy } from '../storage.ts';

export function coreStrategies(allocator: ServiceAllocator): StrategiesOf<typeof coreKinds> {
  return {
    namespaces: namespaceStrategy,
    nodes: nodeStrategy,
    pods: podStrategy,
    services: serviceStrategy(allocator),
    configmaps: configMapStrategy,
    secrets: secretStrategy,
    serviceaccounts: serviceAccountStrategy,
    events: coreEventStrategy,
    endpoints: endpointsStrategy,
    replicationcontrollers: replicationControllerStrategy,
    podtemplates: podTemplateStrategy,
    limitranges: limitRangeStrategy,
    resourcequotas: resourceQuotaStrategy,
    persistentvolumes: volumeStrategy,
    persistentvolumeclaims: claimStrategy,
  };
}
