/** Plans for pods that nobody else will clear away. */
import { kinds } from '../../../api/kinds.ts';
import { hasIdentity } from '../../../api/machinery/identity.ts';
import { formatTime } from '../../../api/machinery/time.ts';
import type { Pod } from '../../../api/types/core.v1.ts';
import type { Target } from '../actions.ts';
import { targetOf } from '../actions.ts';
import { failedStatus, isHeldByFinalizers, isTerminal } from '../conditions.ts';
import type { Moment, Plan } from '../controller.ts';
import { NOTHING } from '../controller.ts';
import { sessionKey } from '../node-lifecycle/session-key.ts';

/** How long a node must be missing before its pods go with it: it may only be joining again. */
const QUARANTINE_MILLISECONDS = 10_000;
/** The most pods deleted by one plan. */
const BURST = 500;

/** What is known of the node that a pod names. */
export interface NamedNode {
  /** Monotonic milliseconds; undefined while the node is there. */
  readonly missingSince: number | undefined;
  /** Its agent is heard, though the node may have been deleted. */
  readonly isConnected: boolean;
  /** An agent that is cut off has frozen its pods with an identity after this time. */
  readonly fenceMilliseconds?: number;
}

export function planStrayPod(pod: Pod, node: NamedNode, { now, date }: Moment): Plan {
  const target = targetOf(kinds.pods, pod);
  const { nodeName } = pod.spec;
  if (isHeldByFinalizers(pod)) return planHeldPod(pod, node.missingSince, date);
  if (!nodeName) {
    if (pod.metadata.deletionTimestamp === undefined) return NOTHING;
    const why = 'it is being deleted and no node has it';
    return { actions: [{ do: 'delete', target, gracePeriodSeconds: 0, why }], reasons: [] };
  }
  if (node.missingSince === undefined) return NOTHING;
  const quarantine = hasIdentity(pod)
    ? Math.max(QUARANTINE_MILLISECONDS, node.fenceMilliseconds ?? 0)
    : QUARANTINE_MILLISECONDS;
  const wait = node.missingSince + quarantine - now;
  if (wait > 0) return { ...NOTHING, reasons: [`its node ${nodeName} is missing`], after: wait };
  // Without its object the pod would go on there while another of its name is started.
  if (hasIdentity(pod) && node.isConnected) return endThere(pod);
  const owner: Target = { kind: kinds.nodes, namespace: '', name: nodeName, uid: '' };
  const { resourceVersion = '' } = pod.metadata;
  const why = `its node ${nodeName} does not exist`;
  return {
    actions: [
      {
        do: 'collect',
        target,
        owners: [owner],
        propagationPolicy: 'Background',
        gracePeriodSeconds: 0,
        resourceVersion,
        ...(hasIdentity(pod) ? { absent: sessionKey(nodeName) } : {}),
        why,
      },
    ],
    reasons: [],
  };
}

/** Whoever holds it is told how it ended, as no node will say. */
function planHeldPod(pod: Pod, nodeMissingSince: number | undefined, date: Date): Plan {
  const held = { ...NOTHING, reasons: ['its finalizers hold it'] };
  const { nodeName } = pod.spec;
  if (isTerminal(pod) || (nodeName && nodeMissingSince === undefined)) return held;
  const disruption = nodeName ? { reason: 'DeletionByPodGC', message: 'PodGC: node no longer exists' } : undefined;
  const patch = failedStatus(pod, disruption, formatTime(date.getTime()));
  const why = 'it is being deleted and no node will say how it ended';
  return { ...held, actions: [{ do: 'patch-status', target: targetOf(kinds.pods, pod), patch, why }] };
}

/** The agent ends it with its grace, and says so. */
function endThere(pod: Pod): Plan {
  const { nodeName } = pod.spec;
  if (pod.metadata.deletionTimestamp) return { ...NOTHING, reasons: [`the agent of ${nodeName} is ending it`] };
  const why = `its node ${nodeName} was deleted, and its agent is still there`;
  return { actions: [{ do: 'delete', target: targetOf(kinds.pods, pod), why }], reasons: [] };
}

/** Ended pods beyond `threshold`, oldest first. */
export function planEndedPods(ended: readonly Pod[], threshold: number): Plan {
  const excess = ended.length - threshold;
  if (excess <= 0) return NOTHING;
  const age = ({ metadata }: Pod): string => `${metadata.creationTimestamp} ${metadata.namespace}/${metadata.name}`;
  const oldest = ended.toSorted((a, b) => (age(a) < age(b) ? -1 : 1)).slice(0, Math.min(excess, BURST));
  const why = `there are more than ${threshold} pods that have ended`;
  return {
    actions: oldest.map((pod) => ({ do: 'delete', target: targetOf(kinds.pods, pod), gracePeriodSeconds: 0, why })),
    reasons: [],
  };
}
