/** Plans for a node: its condition and taints when it is lost or back, and the pods that have to leave it. */
import { kinds } from '../../../api/kinds.ts';
import { hasIdentity } from '../../../api/machinery/identity.ts';
import { formatTime } from '../../../api/machinery/time.ts';
import type { Node, Pod, Taint } from '../../../api/types/core.v1.ts';
import type { Action, Condition, EventSeed } from '../actions.ts';
import { referenceTo, targetOf } from '../actions.ts';
import { failedStatus, isHeldByFinalizers, isReady, isTerminal, readyCondition } from '../conditions.ts';
import type { Moment, Plan } from '../controller.ts';
import type { Liveness } from './liveness.ts';
import { sessionKey } from './session-key.ts';
import { taintChange, taintsAfter, untilEviction } from './taints.ts';

const TAINTED = {
  reason: 'DeletionByTaintManager',
  message: 'Taint manager: deleting due to NoExecute taint',
};

export interface NodeSnapshot {
  readonly node: Node;
  readonly liveness: Liveness;
  /** When its session ended; monotonic milliseconds. */
  readonly lostAt: number;
  /** An agent that is cut off has frozen its pods with an identity this long after its session ended. */
  readonly fenceMilliseconds: number;
  readonly pods: readonly Pod[];
}

export function planNode(snapshot: NodeSnapshot, moment: Moment): Plan {
  const { node, liveness } = snapshot;
  const lost = liveness.state === 'lost';
  const ready = lost ? 'Unknown' : (readyCondition(node)?.status ?? 'False');
  const change = taintChange(node, ready, formatTime(moment.date.getTime()));
  const evictions = evict(snapshot, taintsAfter(node, change), moment);
  const waits = [evictions.after, liveness.state === 'doubtful' ? liveness.milliseconds : undefined];
  const next = Math.min(...waits.filter((wait) => wait !== undefined));
  return {
    actions: [
      ...(lost ? markLost(node, moment) : []),
      ...taintActions(node, change),
      ...(ready === 'True' && change.remove.some(({ effect }) => effect === 'NoExecute')
        ? [announce(node, 'NodeReady')]
        : []),
      ...(lost ? markPods(evictions.staying, moment) : []),
      ...evictions.actions,
      ...(lost ? failHeld(snapshot.pods, moment) : []),
    ],
    reasons: liveness.state === 'doubtful' ? [`not judged yet: ${liveness.why}`] : evictions.reasons,
    ...(Number.isFinite(next) ? { after: next } : {}),
  };
}

function announce(node: Node, reason: 'NodeReady' | 'NodeNotReady'): Action {
  const event: EventSeed = {
    about: referenceTo(kinds.nodes, node),
    type: 'Normal',
    reason,
    message: `Node ${node.metadata.name} status is now: ${reason}`,
  };
  return { do: 'record', event, why: event.message };
}

/** What the agent said last is not known to be so any more. */
function markLost(node: Node, { date }: Moment): readonly Action[] {
  const known = node.status?.conditions ?? [];
  const ready = readyCondition(node);
  const unknown = (type: string): Condition => ({
    type,
    status: 'Unknown',
    reason: ready ? 'NodeStatusUnknown' : 'NodeStatusNeverUpdated',
    message: ready ? "The node's agent stopped reporting." : "The node's agent never reported.",
  });
  const types = ['Ready', ...known.map(({ type }) => type).filter((type) => type !== 'Ready')];
  if (ready && known.every(({ status }) => status === 'Unknown')) return [];
  const conditions = types.map(unknown);
  const target = targetOf(kinds.nodes, node);
  return [
    {
      do: 'set-conditions',
      target,
      conditions,
      at: formatTime(date.getTime()),
      why: 'its agent is not heard any more',
    },
    announce(node, 'NodeNotReady'),
  ];
}

function taintActions(node: Node, { add, remove }: ReturnType<typeof taintChange>): readonly Action[] {
  if (add.length === 0 && remove.length === 0) return [];
  return [
    { do: 'change-taints', target: targetOf(kinds.nodes, node), add, remove, why: "the node's state has changed" },
  ];
}

/** Pods that stay on a lost node for now are not ready there. */
function markPods(pods: readonly Pod[], { date }: Moment): readonly Action[] {
  const condition = {
    type: 'Ready',
    status: 'False',
    reason: 'NodeNotReady',
    message: 'The node is not heard any more.',
  };
  return pods.filter(isReady).map((pod) => ({
    do: 'set-conditions',
    target: targetOf(kinds.pods, pod),
    conditions: [condition],
    at: formatTime(date.getTime()),
    why: 'its node is lost',
    event: {
      about: referenceTo(kinds.pods, pod),
      type: 'Warning',
      reason: 'NodeNotReady',
      message: 'Node is not ready',
    },
  }));
}

interface Evictions {
  readonly actions: readonly Action[];
  readonly staying: readonly Pod[];
  readonly reasons: readonly string[];
  readonly after?: number;
}

function evict(snapshot: NodeSnapshot, taints: readonly Taint[], moment: Moment): Evictions {
  const lost = snapshot.liveness.state === 'lost';
  if (!lost && !taints.some(({ effect }) => effect === 'NoExecute')) return { actions: [], staying: [], reasons: [] };
  const leaving: Action[] = [];
  const staying: Pod[] = [];
  const reasons: string[] = [];
  const waits: number[] = [];
  for (const pod of snapshot.pods.filter((candidate) => !isTerminal(candidate) && !isHeldByFinalizers(candidate))) {
    const wait = lost ? untilRemoval(snapshot, pod, taints, moment) : untilDeletion(pod, taints, moment);
    if (wait === 0) {
      leaving.push(...(lost ? [removeLost(pod, snapshot.node)] : evictFrom(pod, moment)));
      continue;
    }
    staying.push(pod);
    if (wait === undefined) continue;
    waits.push(wait);
    reasons.push(`pod ${pod.metadata.namespace}/${pod.metadata.name} stays for ${Math.ceil(wait / 1000)} more seconds`);
  }
  return { actions: leaving, staying, reasons, ...(waits.length > 0 ? { after: Math.min(...waits) } : {}) };
}

/** From a node that works: a pod that is being deleted already is on its way. */
function untilDeletion(pod: Pod, taints: readonly Taint[], { date }: Moment): number | undefined {
  return pod.metadata.deletionTimestamp ? undefined : untilEviction(pod, taints, date);
}

/** From a lost node: nobody there will confirm a deletion, so one that was asked for is due as well. */
function untilRemoval(snapshot: NodeSnapshot, pod: Pod, taints: readonly Taint[], moment: Moment): number | undefined {
  const wait = pod.metadata.deletionTimestamp ? 0 : untilEviction(pod, taints, moment.date);
  if (wait === undefined || !hasIdentity(pod)) return wait;
  // It must never run twice, so its node must certainly have frozen it.
  return Math.max(wait, snapshot.lostAt + snapshot.fenceMilliseconds - moment.now, 0);
}

function eviction(pod: Pod): EventSeed {
  const { namespace, name } = pod.metadata;
  return {
    about: referenceTo(kinds.pods, pod),
    type: 'Normal',
    reason: 'TaintManagerEviction',
    message: `Marking for deletion Pod ${namespace}/${name}`,
  };
}

/**
 * Views lag behind: the agent may just have come back and let the pod go on. Either its session is in the store first, and
 * the pod stays; or the pod goes first, and the session begins with the news.
 */
function removeLost(pod: Pod, { metadata: { name = '' } }: Node): Action {
  const target = targetOf(kinds.pods, pod);
  const absent = sessionKey(name);
  return { do: 'delete', target, gracePeriodSeconds: 0, absent, event: eviction(pod), why: 'its node is lost' };
}

/** Pods that only their finalizers keep: whoever holds them is told how they ended, as their node will not say. */
function failHeld(pods: readonly Pod[], { date }: Moment): readonly Action[] {
  const held = pods.filter((pod) => isHeldByFinalizers(pod) && !isTerminal(pod));
  return held.map((pod) => ({
    do: 'patch-status',
    target: targetOf(kinds.pods, pod),
    patch: failedStatus(pod, TAINTED, formatTime(date.getTime())),
    why: 'it is being deleted and its node is lost',
  }));
}

/** The condition tells whoever replaces the pod that it did not fail by itself. */
function evictFrom(pod: Pod, { date }: Moment): readonly Action[] {
  const target = targetOf(kinds.pods, pod);
  const why = 'it does not tolerate a taint';
  const condition = { type: 'DisruptionTarget', status: 'True', ...TAINTED };
  return [
    { do: 'set-conditions', target, conditions: [condition], at: formatTime(date.getTime()), why },
    { do: 'delete', target, event: eviction(pod), why },
  ];
}
