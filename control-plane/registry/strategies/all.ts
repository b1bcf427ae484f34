/** The strategy of each kind. A kind that is served without a row here does not compile. */
import { kinds } from '../../../api/kinds.ts';
import type { ServiceAllocator } from '../allocation/service-allocator.ts';
import type { Strategy } from '../strategy.ts';
import { namespaceStrategy } from './namespace.ts';
import {
  configMapStrategy,
  endpointSliceStrategy,
  eventStrategy,
  leaseStrategy,
  nodeStrategy,
  secretStrategy,
  serviceAccountStrategy,
} from './other.ts';
import { podStrategy } from './pod.ts';
import { serviceStrategy } from './service.ts';
import { deploymentStrategy, replicaSetStrategy } from './workloads.ts';

type ServedKinds = typeof kinds;
type ObjectOf<Plural extends keyof ServedKinds> = NonNullable<ServedKinds[Plural]['object']>;
export type Strategies = { readonly [Plural in keyof ServedKinds]: Strategy<ObjectOf<Plural>> };

export function strategiesOf(allocator: ServiceAllocator): Strategies {
  return {
    namespaces: namespaceStrategy,
    nodes: nodeStrategy,
    pods: podStrategy,
    services: serviceStrategy(allocator),
    configmaps: configMapStrategy,
    secrets: secretStrategy,
    serviceaccounts: serviceAccountStrategy,
    events: eventStrategy,
    leases: leaseStrategy,
    endpointslices: endpointSliceStrategy,
    deployments: deploymentStrategy,
    replicasets: replicaSetStrategy,
  };
}
