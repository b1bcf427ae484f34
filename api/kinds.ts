/**
 * The one table of resources, a file a group in `kinds/`. Everything that is the same for all kinds (paths, verbs,
 * discovery, OpenAPI, storage keys, tables) is driven by a row here and by the schema; what a kind has of its own is its
 * strategy in the registry.
 */
import { admissionKinds } from './kinds/admissionregistration.ts';
import { apiextensionsKinds } from './kinds/apiextensions.ts';
import { appsKinds } from './kinds/apps.ts';
import { autoscalingKinds } from './kinds/autoscaling.ts';
import { certificatesKinds } from './kinds/certificates.ts';
import { batchKinds } from './kinds/batch.ts';
import { coordinationKinds } from './kinds/coordination.ts';
import { coreKinds } from './kinds/core.ts';
import { discoveryKinds } from './kinds/discovery.ts';
import { eventsKinds } from './kinds/events.ts';
import { policyKinds } from './kinds/policy.ts';
import { rbacKinds } from './kinds/rbac.ts';
import { apiregistrationKinds } from './kinds/apiregistration.ts';
import { flowcontrolKinds } from './kinds/flowcontrol.ts';
import { networkingKinds } from './kinds/networking.ts';
import { nodeKinds } from './kinds/node.ts';
import { resourceKinds } from './kinds/resource.ts';
import { schedulingKinds } from './kinds/scheduling.ts';
import { storageKinds } from './kinds/storage.ts';

export * from './kinds/kind.ts';

/** A row's name here is its plural, or `plural.group` where an earlier group has the same one. */
export const kinds = {
  ...coreKinds,
  ...coordinationKinds,
  ...discoveryKinds,
  ...appsKinds,
  ...rbacKinds,
  ...batchKinds,
  ...autoscalingKinds,
  ...eventsKinds,
  ...networkingKinds,
  ...storageKinds,
  ...schedulingKinds,
  ...nodeKinds,
  ...flowcontrolKinds,
  ...resourceKinds,
  ...apiregistrationKinds,
  ...admissionKinds,
  ...policyKinds,
  ...apiextensionsKinds,
  ...certificatesKinds,
};
