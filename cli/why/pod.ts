/** Why a pod is as it is. Pure: what was seen goes in. */
import type { Event, Node, Pod } from '../../api/types/core.v1.ts';
import { since } from '../../api/printing/duration.ts';
import { isReady } from '../pods.ts';
import { type UsedClaim, claimFacts } from './claim.ts';
import type { NamespaceLabels } from './company.ts';
import { findTrouble } from './containers.ts';
import { endText } from './crash.ts';
import { nothing, type Explanation } from './explanation.ts';
import { importanceFacts } from './importance.ts';
import { verdicts } from './refusals.ts';
import { explainUnscheduled } from './scheduling.ts';

export interface PodSeen {
  readonly pod: Pod;
  /** About the pod, newest last. */
  readonly events: readonly Event[];
  readonly nodes: readonly Node[];
  /** Those on nodes now. */
  readonly others: readonly Pod[];
  readonly namespaces: NamespaceLabels;
  /** Those that it uses, as long as it has no node. */
  readonly claims: readonly UsedClaim[];
  /** The last lines of the logs of containers that have ended, by their names. */
  readonly lastLines: ReadonlyMap<string, readonly string[]>;
  readonly now: Date;
}

/** Events that tell why containers are not there yet. */
const PREPARING = new Set([
  'FailedMount',
  'FailedAttachVolume',
  'FailedCreatePodSandBox',
  'FailedCreatePodContainer',
  'NetworkNotReady',
  'FailedValidation',
]);

export function explainPod(seen: PodSeen): Explanation {
  const { pod, now } = seen;
  const { metadata, spec, status } = pod;
  const name = `pod/${metadata.name}`;
  const age = since(metadata.creationTimestamp, now);
  if (metadata.deletionTimestamp !== undefined) return ending(seen, name);
  if (status?.phase === 'Succeeded')
    return { ...nothing, headline: `${name} has done its work and ended.`, isFine: true };
  if (status?.phase === 'Failed') return failed(seen, name);
  if (!spec.nodeName) {
    const condition = status?.conditions?.find(({ type }) => type === 'PodScheduled');
    const event = seen.events.findLast(({ reason }) => reason === 'FailedScheduling');
    const said = condition?.message || event?.message || '';
    const headline = `${name} waits for a node that can take it, for ${age} now.`;
    const all = verdicts(pod, seen.nodes, seen.others, seen.namespaces, seen.claims);
    const why = explainUnscheduled(pod, all, said);
    return {
      headline,
      isFine: false,
      ...why,
      facts: [...why.facts, ...claimFacts(seen.claims), ...importanceFacts(pod, seen.others)],
    };
  }
  const node = seen.nodes.find((candidate) => candidate.metadata.name === spec.nodeName);
  const lost = lostNode(spec.nodeName, node);
  if (lost) return { ...lost, headline: `${name} is on node ${spec.nodeName}, ${lost.headline}`, isFine: false };
  const trouble = findTrouble(seen);
  if (trouble) {
    return {
      headline: `${name} is not ready: ${trouble.clause}.`,
      isFine: false,
      facts: trouble.facts,
      nodes: [],
      help: trouble.help,
    };
  }
  return isReady(pod) ? fine(seen, name) : preparing(seen, name);
}

function lostNode(name: string, node: Node | undefined): Omit<Explanation, 'isFine'> | undefined {
  if (!node)
    return {
      ...nothing,
      headline: 'which is not in the cluster any more.',
      help: ['Delete the pod if nothing replaces it'],
    };
  const ready = node.status?.conditions?.find(({ type }) => type === 'Ready');
  if (!ready || ready.status === 'True') return undefined;
  return {
    ...nothing,
    headline: 'which is not ready.',
    facts: [`Node ${name}: ${ready.message || ready.reason || ready.status}`],
    help: [`See what is wrong with the node: dure describe node ${name}`],
  };
}

function fine({ pod, now }: PodSeen, name: string): Explanation {
  const { spec, status } = pod;
  const facts = (status?.containerStatuses ?? []).flatMap((own) => {
    const ended = own.lastState?.terminated;
    const container = spec.containers.find((candidate) => candidate.name === own.name);
    if (!ended || !container) return [];
    return [
      `Container ${own.name} was restarted ${own.restartCount} time(s); it last ended ${since(ended.finishedAt, now)} ago ${endText(ended, container)}.`,
    ];
  });
  return {
    ...nothing,
    headline: `${name} is running and ready on ${spec.nodeName}: nothing is wrong with it.`,
    isFine: true,
    facts,
  };
}

function preparing({ pod, events, now }: PodSeen, name: string): Explanation {
  const { metadata, spec, status } = pod;
  const event = events.findLast(({ reason = '' }) => PREPARING.has(reason));
  const gates = (spec.readinessGates ?? []).filter(
    ({ conditionType }) => !status?.conditions?.some(({ type, status: is }) => type === conditionType && is === 'True'),
  );
  if (
    gates.length > 0 &&
    status?.conditions?.some(({ type, status: is }) => type === 'ContainersReady' && is === 'True')
  ) {
    const types = gates.map(({ conditionType }) => conditionType).join(', ');
    return {
      ...nothing,
      headline: `${name} waits for its readiness gates: ${types}.`,
      isFine: false,
      help: ['Somebody else must set these conditions on the pod'],
    };
  }
  const last = events.at(-1);
  const waiting = status?.containerStatuses?.find(({ state }) => state?.waiting?.message)?.state?.waiting?.message;
  return {
    headline: `${name} is being started on ${spec.nodeName}, for ${since(status?.startTime ?? metadata.creationTimestamp, now)} now.`,
    isFine: false,
    facts: [
      ...(event ? [`Last failure: ${event.message}`] : []),
      ...(waiting ? [`The node says: ${waiting}`] : []),
      ...(!event && last?.message
        ? [`Last thing that happened: ${last.message} (${since(last.lastTimestamp ?? last.eventTime, now)} ago)`]
        : []),
    ],
    nodes: [],
    help: event ? preparingHelp(pod, event.message ?? '') : ['Nothing: this takes a moment'],
  };
}

/** What the messages of nodes about volumes and drivers ask for. */
function preparingHelp({ metadata, spec }: Pod, message: string): string[] {
  const driver = /driver name (\S+) not found in the list of registered CSI drivers/.exec(message)?.[1];
  if (driver) {
    return [
      `Run the node plugin of ${driver} on node ${spec.nodeName}; those it has: dure get csinode ${spec.nodeName} -o yaml`,
    ];
  }
  const [, kind, missing] = /(configmap|secret)s? "([^"]+)" not found/i.exec(message) ?? [];
  if (kind && missing) {
    const bare = missing.slice(missing.lastIndexOf('/') + 1);
    return [
      `Create the ${kind.toLowerCase()} ${bare} in namespace ${metadata.namespace}; then it is tried again by itself`,
    ];
  }
  return [`See dure describe pod ${metadata.name}`];
}

function failed({ pod, now }: PodSeen, name: string): Explanation {
  const { spec, status } = pod;
  const ends = (status?.containerStatuses ?? []).flatMap((own) => {
    const ended = own.state?.terminated;
    const container = spec.containers.find((candidate) => candidate.name === own.name);
    return ended && container && ended.exitCode !== 0
      ? [`Container ${own.name} ended ${since(ended.finishedAt, now)} ago ${endText(ended, container)}.`]
      : [];
  });
  const reason = status?.reason ? [`${status.reason}: ${status.message ?? ''}`] : [];
  return {
    headline: `${name} has failed and is not started again.`,
    isFine: false,
    facts: [...reason, ...ends],
    nodes: [],
    help: [`See its last words: dure logs ${pod.metadata.name}`, 'Delete it, and create it again'],
  };
}

function ending({ pod, nodes, now }: PodSeen, name: string): Explanation {
  const { metadata, spec } = pod;
  const due = Date.parse(metadata.deletionTimestamp ?? '') - now.getTime();
  const node = nodes.find((candidate) => candidate.metadata.name === spec.nodeName);
  const lost = spec.nodeName ? lostNode(spec.nodeName, node) : undefined;
  const finalizers = metadata.finalizers ?? [];
  const grace =
    due > 0 ? `It has ${Math.ceil(due / 1000)} s left to end by itself.` : 'Its time to end by itself is over.';
  return {
    headline: `${name} is being deleted.`,
    isFine: false,
    facts: [
      grace,
      ...(lost ? [`It is on node ${spec.nodeName}, ${lost.headline}`, ...lost.facts] : []),
      ...(finalizers.length > 0 ? [`These finalizers hold it: ${finalizers.join(', ')}.`] : []),
    ],
    nodes: [],
    help: [
      ...(finalizers.length > 0 ? ['Whoever set the finalizers must take them away'] : []),
      ...(lost ? [`Once the node surely runs nothing any more: dure delete pod ${metadata.name} --force`] : []),
    ],
  };
}
