/** The strategy of each kind, a file a group in `groups/`. A kind that is served without a row there does not compile. */
import type { kinds } from '../../../api/kinds.ts';
import type { ServiceAllocator } from '../allocation/service-allocator.ts';
import type { StrategiesOf } from '../strategy.ts';
import { admissionStrategies } from './groups/admissionregistration.ts';
import { apiextensionsStrategies } from './groups/apiextensions.ts';
import { appsStrategies } from './groups/apps.ts';
import { autoscalingStrategies } from './groups/autoscaling.ts';
import { batchStrategies } from './groups/batch.ts';
import { coordinationStrategies } from './groups/coordination.ts';
import { certificatesStrategies } from './groups/certificates.ts';
import { coreStrategies } from './groups/core.ts';
import { discoveryStrategies } from './groups/discovery.ts';
import { eventsStrategies } from './groups/events.ts';
import { policyStrategies } from './groups/policy.ts';
import { rbacStrategies } from './groups/rbac.ts';
import { apiregistrationStrategies } from './groups/apiregistration.ts';
import { flowcontrolStrategies } from './groups/flowcontrol.ts';
import { networkingStrategies } from './groups/networking.ts';
import { nodeStrategies } from './groups/node.ts';
import { resourceStrategies } from './groups/resource.ts';
import { schedulingStrategies } from './groups/scheduling.ts';
import { storageStrategies } from './groups/storage.ts';

export type Strategies = StrategiesOf<typeof kinds>;

export function strategiesOf(allocator: ServiceAllocator): Strategies {
  return {
    ...coreStrategies(allocator),
    ...coordinationStrategies,
    ...discoveryStrategies,
    ...apiextensionsStrategies,
    ...appsStrategies,
    ...rbacStrategies,
    ...batchStrategies,
    ...autoscalingStrategies,
    ...eventsStrategies,
    ...networkingStrategies,
    ...storageStrategies,
    ...schedulingStrategies,
    ...nodeStrategies,
    ...flowcontrolStrategies,
    ...resourceStrategies,
    ...apiregistrationStrategies,
    ...admissionStrategies,
    ...policyStrategies,
    ...certificatesStrategies,
  };
}
