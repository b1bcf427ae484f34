/** Why a pod is not on any node. */
import type { Pod } from '../../api/types/core.v1.ts';
import { cpuText } from '../describe/amounts.ts';
import type { Explanation } from './explanation.ts';
import type { Refusal } from './refusal.ts';
import type { Verdict } from './refusals.ts';

const MEBIBYTE = 1024 * 1024;

type Room = Refusal & { readonly kind: 'room' };

/** `said` is the scheduler's own message; '' when it has said nothing yet. */
export function explainUnscheduled(
  pod: Pod,
  all: readonly Verdict[],
  said: string,
): Pick<Explanation, 'facts' | 'nodes' | 'help'> {
  const gates = pod.spec.schedulingGates ?? [];
  if (gates.length > 0) {
    return {
      facts: [`It is held back by scheduling gates: ${gates.map(({ name }) => name).join(', ')}.`],
      nodes: [],
      help: ['Whoever set the gates must take them away.'],
    };
  }
  if (all.length === 0)
    return { facts: ['The cluster has no nodes.'], nodes: [], help: ['Start an agent: dure agent --help.'] };
  const closest = all.toSorted((a, b) => a.refusals.length - b.refusals.length);
  return {
    facts: said === '' ? ['The scheduler has not looked at it yet; is one running?'] : [`The scheduler says: ${said}`],
    nodes: closest.map(({ node, refusals }) => ({
      name: node,
      reason: refusals.map(refusalText).join('; ') || 'nothing that is seen from here speaks against it now',
    })),
    help: helpFor(pod, closest),
  };
}

export function refusalText(refusal: Refusal): string {
  switch (refusal.kind) {
    case 'cordoned':
      return 'is cordoned';
    case 'not-ready':
      return `is not ready${refusal.message ? ` (${refusal.message})` : ''}`;
    case 'taint':
      return `has the taint ${taintText(refusal)}, which the pod does not tolerate`;
    case 'label':
      return refusal.has === undefined
        ? `lacks the label ${refusal.key}=${refusal.wanted}`
        : `has the label ${refusal.key}=${refusal.has}, not ${refusal.key}=${refusal.wanted}`;
    case 'affinity':
      return `does not match the pod's node affinity: ${refusal.wanted}`;
    case 'room':
      return roomText(refusal);
    case 'no-domain':
      return `lacks the label ${refusal.key}, by which the pods are spread`;
    case 'spread':
      return spreadText(refusal);
    case 'alone':
      return refusal.domain === undefined
        ? `lacks the label ${refusal.key}, by which the pod must be with others`
        : `is in ${refusal.key}=${refusal.domain}, where no pod is that the pod must be with (${refusal.wanted})`;
    case 'shunned':
      return `is in ${refusal.key}=${refusal.domain} with ${refusal.by}, which the pod must not be with`;
    case 'unwelcome':
      return `is in ${refusal.key}=${refusal.domain} with ${refusal.by}, which must not be with such a pod`;
    case 'volume':
      return `is not where the data of the claim ${refusal.claim} is (${refusal.place})`;
    case 'pods':
      return `has its ${refusal.limit} pods already`;
    case 'port':
      return `has its port ${refusal.port} taken by ${refusal.by}`;
  }
}

function roomText({ resource, asks, free, total }: Room): string {
  const wanted = amountText(resource, asks);
  if (asks > total)
    return `is too small: the pod asks for ${wanted} ${resource}, the node has ${amountText(resource, total)}`;
  return `has too little ${resource} free: the pod asks for ${wanted}, ${amountText(resource, free)} of ${amountText(resource, total)} are free`;
}

function spreadText({ key, domain, count, least, maxSkew }: Refusal & { kind: 'spread' }): string {
  return `is in ${key}=${domain}, where ${count} such pods are while the emptiest has ${least}: the spread constraint allows a difference of ${maxSkew}`;
}

function taintText({ taint: { key, value, effect } }: Refusal & { kind: 'taint' }): string {
  return `${key}${value ? `=${value}` : ''}:${effect}`;
}

export function amountText(resource: 'cpu' | 'memory', amount: number): string {
  if (resource === 'cpu') return cpuText(Math.floor(amount));
  return amount >= MEBIBYTE || amount === 0 ? `${Math.floor(amount / MEBIBYTE)}Mi` : `${amount} bytes`;
}

/** For what is nearest to taking the pod first. One sentence a kind of refusal. */
function helpFor(pod: Pod, closest: readonly Verdict[]): string[] {
  const nearest = closest.filter(({ refusals }) => refusals.length === closest[0]?.refusals.length);
  const found = nearest.flatMap(({ node, refusals }) => refusals.map((refusal) => ({ node, refusal })));
  const first = new Map<string, { node: string; refusal: Refusal }>();
  for (const each of found) if (!first.has(kindKey(each.refusal))) first.set(kindKey(each.refusal), each);
  const room = found.flatMap(({ node, refusal }) => (refusal.kind === 'room' ? [{ node, refusal }] : []));
  return [...first.values()].map(({ node, refusal }) =>
    refusal.kind === 'room' ? roomHelp(refusal.resource, room) : helpText(pod, node, refusal),
  );
}

function kindKey(refusal: Refusal): string {
  return refusal.kind === 'room'
    ? `room ${refusal.resource}`
    : refusal.kind === 'taint'
      ? `taint ${refusal.taint.key}`
      : refusal.kind;
}

function roomHelp(resource: 'cpu' | 'memory', found: readonly { node: string; refusal: Room }[]): string {
  const own = found
    .filter(({ refusal }) => refusal.resource === resource)
    .toSorted((a, b) => b.refusal.free - a.refusal.free);
  const best = own[0];
  if (!best) return '';
  const { asks, free, total } = best.refusal;
  const lower =
    free > 0
      ? `lower the pod's ${resource} request to ${amountText(resource, free)}, the most that is free (on ${best.node})`
      : '';
  const others = asks <= total ? 'stop something else there' : '';
  const more = `add a node with ${amountText(resource, asks)} ${resource} free`;
  return sentence([lower, others, more].filter(Boolean).join(', or '));
}

function helpText(pod: Pod, node: string, refusal: Refusal): string {
  switch (refusal.kind) {
    case 'cordoned':
      return `Let pods onto it again: dure uncordon ${node}`;
    case 'not-ready':
      return `See what is wrong with the node: dure describe node ${node}`;
    case 'taint':
      return `Give the pod a toleration for ${taintText(refusal)}, or take the taint away: dure taint nodes ${node} ${refusal.taint.key}-`;
    case 'label':
      return `Label a node that may take it (dure label node ${node} ${refusal.key}=${refusal.wanted}${refusal.has === undefined ? '' : ' --overwrite'}), or change the pod's nodeSelector`;
    case 'affinity':
      return "Label a node so that it matches, or change the pod's node affinity";
    case 'no-domain':
      return `Label the node: dure label node ${node} ${refusal.key}=…`;
    case 'spread':
      return `Make room where fewer such pods are (another ${refusal.key} than ${refusal.domain}), or raise maxSkew or change whenUnsatisfiable of the pod's spread constraint`;
    case 'alone':
      return refusal.domain === undefined
        ? `Label the node: dure label node ${node} ${refusal.key}=…`
        : `Start a pod with the labels ${refusal.wanted}, or change the pod's podAffinity`;
    case 'shunned':
      return `Stop ${refusal.by}, add a node in another ${refusal.key}, or change the pod's podAntiAffinity`;
    case 'unwelcome':
      return `Stop ${refusal.by}, add a node in another ${refusal.key}, or change the podAntiAffinity of ${refusal.by}`;
    case 'volume':
      return `The data of the claim ${refusal.claim} is on ${refusal.place}: bring that back, or give the data up (dure delete pvc ${refusal.claim}, then the pod)`;
    case 'pods':
      return 'Add a node, or stop other pods';
    case 'port':
      return `Stop ${refusal.by}, or do without the host port`;
    default:
      return `See dure describe pod ${pod.metadata.name}`;
  }
}

function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
