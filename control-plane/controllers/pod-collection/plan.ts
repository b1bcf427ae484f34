/** Plans for pods that nobody else will clear away. */
import { kinds } from '../../../api/kinds.ts';
import { formatTime } from '../../../api/machinery/time.ts';
import type { Pod } from '../../../api/schema/types/core.v1.ts';
import type { Target } from '../actions.ts';
import { targetOf } from '../actions.ts';
import { failedStatus, isHeldByFinalizers, isTerminal } from '../conditions.ts';
import type { Moment, Plan } from '../controller.ts';
import { NOTHING } from '../controller.ts';

/** How long a node must be missing before its pods go with it: it may only be joining again. */
const QUARANTINE_MILLISECONDS = 10_000;
/** The most pods deleted by one plan. */
const BURST = 500;

/** `nodeMissingSince`: monotonic milliseconds; undefined while the pod's node is there. */
export function planStrayPod(pod: Pod, nodeMissingSince: number | undefined, { now, date }: Moment): Plan {
  const target = targetOf(kinds.pods, pod);
  const { nodeName } = pod.spec;
  if (isHeldByFinalizers(pod)) return planHeldPod(pod, nodeMissingSince, date);
  if (!nodeName) {
    if (pod.metadata.deletionTimestamp === undefined) return NOTHING;
    const why = 'it is being deleted and no node has it';
    return { actions: [{ do: 'delete', target, gracePeriodSeconds: 0, why }], reasons: [] };
  }
  if (nodeMissingSince === undefined) return NOTHING;
  const wait = nodeMissingSince + QUARANTINE_MILLISECONDS - now;
  if (wait > 0) return { ...NOTHING, reasons: [`its node ${nodeName} is missing`], after: wait };
  const node: Target = { kind: kinds.nodes, namespace: '', name: nodeName, uid: '' };
  const { resourceVersion = '' } = pod.metadata;
  const why = `its node ${nodeName} does not exist`;
  return {
    actions: [
      {
        do: 'collect',
        target,
        owners: [node],
        propagationPolicy: 'Background',
        gracePeriodSeconds: 0,
        resourceVersion,
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
