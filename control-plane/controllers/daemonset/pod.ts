/** The pods that a daemon set makes. */
import { kinds } from '../../../api/kinds.ts';
import type { DaemonSet } from '../../../api/types/apps.v1.ts';
import type { Pod } from '../../../api/types/core.v1.ts';
import { ownerReferenceTo } from '../actions.ts';
import { GENERATION_LABEL, REVISION_HASH, templateGeneration } from './fleet.ts';
import { affinityTo, daemonTolerations } from './placement.ts';

/** What of a set's name a pod's name can hold: 63 characters with the suffix. */
const MAX_PREFIX = 58;

/** A pod of the template as it is now, for one node; `id` is the end of its name. */
export function podFor(daemonSet: DaemonSet, hash: string, node: string, id: string): Omit<Pod, 'status'> {
  const { name = '', namespace } = daemonSet.metadata;
  const { metadata, spec } = daemonSet.spec.template;
  const generateName = `${name}-`.slice(0, MAX_PREFIX);
  const generation = templateGeneration(daemonSet);
  const labels = {
    ...metadata?.labels,
    ...(generation === undefined ? {} : { [GENERATION_LABEL]: String(generation) }),
    [REVISION_HASH]: hash,
  };
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      ...(metadata?.annotations ? { annotations: metadata.annotations } : {}),
      ...(metadata?.finalizers ? { finalizers: metadata.finalizers } : {}),
      name: `${generateName}${id}`,
      generateName,
      namespace,
      labels,
      ownerReferences: [ownerReferenceTo(kinds.daemonsets, daemonSet)],
    },
    spec: { ...spec, affinity: affinityTo(node, spec.affinity), tolerations: [...daemonTolerations(spec)] },
  };
}
