/** Where the pods of a daemon set belong, and where each of them is meant to run. */
import { allowsNode } from '../../../api/machinery/node-selector.ts';
import { NOT_READY, UNREACHABLE } from '../../../api/machinery/node-loss.ts';
import { isTolerated, withToleration } from '../../../api/machinery/tolerations.ts';
import type { Affinity, Node, Pod, PodSpec, Toleration } from '../../../api/types/core.v1.ts';

export interface Placement {
  /** A pod belongs on the node. */
  readonly isWanted: boolean;
  /** A pod that is there already may stay. */
  readonly mayStay: boolean;
}

export const NOWHERE: Placement = { isWanted: false, mayStay: false };

const tolerate = (taint: string, effect: string): Toleration => ({
  key: taint.includes('/') ? taint : `node.kubernetes.io/${taint}`,
  operator: 'Exists',
  effect,
});

/** A daemon belongs to its node, whatever becomes of that: it neither leaves it nor shuns it for these. */
const TOLERATED: readonly Toleration[] = [
  tolerate(NOT_READY, 'NoExecute'),
  tolerate(UNREACHABLE, 'NoExecute'),
  tolerate('disk-pressure', 'NoSchedule'),
  tolerate('memory-pressure', 'NoSchedule'),
  tolerate('pid-pressure', 'NoSchedule'),
  tolerate('unschedulable', 'NoSchedule'),
];
/** Who uses the node's own network does not need that of the pods. */
const TOLERATED_ON_HOST_NETWORK = tolerate('network-unavailable', 'NoSchedule');

/** What a daemon set's pods tolerate: what the template says, and what every daemon does. */
export function daemonTolerations({ tolerations = [], hostNetwork }: PodSpec): readonly Toleration[] {
  const added = hostNetwork ? [...TOLERATED, TOLERATED_ON_HOST_NETWORK] : TOLERATED;
  return added.reduce(withToleration, tolerations);
}

/** Says of any node whether a pod made from `spec` belongs there. */
export function placementOf(spec: PodSpec): (node: Pick<Node, 'metadata' | 'spec'>) => Placement {
  const tolerations = daemonTolerations(spec);
  return ({ metadata: { name, labels }, spec: { taints = [] } }) => {
    if (spec.nodeName && spec.nodeName !== name) return NOWHERE;
    if (!allowsNode(spec, labels, name)) return NOWHERE;
    const shunned = taints.filter((taint) => !isTolerated(taint, tolerations));
    const expelled = shunned.some(({ effect }) => effect === 'NoExecute');
    return { isWanted: !expelled && !shunned.some(({ effect }) => effect === 'NoSchedule'), mayStay: !expelled };
  };
}

const NODE_NAME = 'metadata.name';

/** The affinity with the one node in place of those that it required. The scheduler binds such a pod like any other. */
export function affinityTo(node: string, affinity: Affinity | undefined): Affinity {
  const matchFields = [{ key: NODE_NAME, operator: 'In', values: [node] }];
  const required = { nodeSelectorTerms: [{ matchFields }] };
  const nodeAffinity = { ...affinity?.nodeAffinity, requiredDuringSchedulingIgnoredDuringExecution: required };
  return { ...affinity, nodeAffinity };
}

/** The node that the pod is on or is meant for; undefined for a pod that is meant for none in particular. */
export function nodeOf({ spec }: Pod): string | undefined {
  if (spec.nodeName) return spec.nodeName;
  const required = spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  const fields = required?.nodeSelectorTerms.flatMap(({ matchFields = [] }) => matchFields) ?? [];
  const named = fields.find(({ key, operator }) => key === NODE_NAME && operator === 'In');
  return named?.values?.length === 1 ? named.values[0] : undefined;
}
