/** What the runtime calls the way in which a pod is to be run. */
import type { Pod } from '../../api/types/core.v1.ts';
import type { RuntimeClass } from '../../api/types/node.v1.ts';
import type { View } from '../../lib/view.ts';

/** '' for the runtime's default. Throws when the pod names a class that there is not, or no longer. */
export function runtimeHandlerOf({ spec }: Pod, classes: View<RuntimeClass>): string {
  const { runtimeClassName } = spec;
  if (!runtimeClassName) return '';
  const found = classes.get(runtimeClassName);
  if (!found)
    throw new Error(`failed to get sandbox runtime: runtimeclass.node.k8s.io "${runtimeClassName}" not found`);
  return found.handler;
}
