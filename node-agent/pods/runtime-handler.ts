/** What the runtime calls the way in which a pod is to be run. */
import type { Pod } from '../../api/types/core.v1.ts';
import type { RuntimeClass } from '../../api/types/node.v1.ts';
import type { View } from '../../lib/view.ts';

const NO_USERS = "can't set `spec.hostUsers: false`";
const UNSUPPORTED = 'does not support user namespaces';

/**
 * '' for the runtime's default. Throws when the pod wants a user namespace of its own, which needs a runtime that maps
 * users and an agent that hands out ranges of them: neither is there. Throws also when it names a class that there is not,
 * or no longer.
 */
export function runtimeHandlerOf({ spec }: Pod, classes: View<RuntimeClass>): string {
  const { runtimeClassName, hostUsers } = spec;
  if (!runtimeClassName) {
    if (hostUsers === false) throw new Error(`${NO_USERS}, runtime ${UNSUPPORTED}`);
    return '';
  }
  const found = classes.get(runtimeClassName);
  if (!found)
    throw new Error(`failed to get sandbox runtime: runtimeclass.node.k8s.io "${runtimeClassName}" not found`);
  if (hostUsers === false) throw new Error(`${NO_USERS}, RuntimeClass handler "${found.handler}" ${UNSUPPORTED}`);
  return found.handler;
}
