/** Why a node can't take a pod, from the node as it is now. Pure: the same rules as the scheduler's, told one by one. */
import { bytesOf, milliOf } from '../../api/machinery/quantity.ts';
import { isTolerated } from '../../api/machinery/tolerations.ts';
import type { Node, Pod, Taint } from '../../api/types/core.v1.ts';
import { amountsOf, totals } from '../describe/amounts.ts';
import { reachesNode } from '../../api/machinery/persistent-volumes.ts';
import { affinityRefusal } from './affinity.ts';
import { type UsedClaim, placeOf } from './claim.ts';
import { companyRefusals, type NamespaceLabels } from './company.ts';
import type { Refusal } from './refusal.ts';
import { spreadRefusals } from './spread.ts';

export interface Verdict {
  readonly node: string;
  /** Empty: nothing that is known here speaks against it. */
  readonly refusals: readonly Refusal[];
}

const SYSTEM_TAINTS = /^node\.kubernetes\.io\/(not-ready|unreachable|unschedulable)$/;
const UNSCHEDULABLE: Taint = { key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' };

/** `others` are the pods that are on nodes now, `claims` those that the pod uses. */
export function verdicts(
  pod: Pod,
  nodes: readonly Node[],
  others: readonly Pod[],
  namespaces: NamespaceLabels,
  claims: readonly UsedClaim[] = [],
): Verdict[] {
  const byNode = Map.groupBy(others.filter(isRunning), ({ spec }) => spec.nodeName ?? '');
  const seen = nodes.map((node) => ({
    node,
    there: byNode.get(node.metadata.name ?? '') ?? [],
    isWanted: labelRefusals(pod, node).length === 0 && affinityRefusal(pod, node).length === 0,
    isTolerated: taintRefusals(pod, node).length === 0,
  }));
  const spreads = spreadRefusals(pod, seen);
  const company = companyRefusals(pod, seen, namespaces);
  return seen.map(({ node, there }) => ({
    node: node.metadata.name ?? '',
    refusals: [...refusalsOf(pod, node, there), ...volumeRefusals(claims, node), ...spreads(node), ...company(node)],
  }));
}

function refusalsOf(pod: Pod, node: Node, there: readonly Pod[]): Refusal[] {
  return [
    ...conditionRefusals(pod, node),
    ...taintRefusals(pod, node),
    ...labelRefusals(pod, node),
    ...affinityRefusal(pod, node),
    ...roomRefusals(pod, node, there),
    ...portRefusals(pod, there),
  ];
}

function volumeRefusals(claims: readonly UsedClaim[], { metadata }: Node): Refusal[] {
  return claims.flatMap(({ name, volume }) =>
    volume && !reachesNode(volume, metadata.labels)
      ? [{ kind: 'volume', claim: name, place: placeOf(volume) ?? '' } as const]
      : [],
  );
}

function isRunning({ status }: Pod): boolean {
  return status?.phase !== 'Succeeded' && status?.phase !== 'Failed';
}

function conditionRefusals(pod: Pod, { spec, status }: Node): Refusal[] {
  const ready = status?.conditions?.find(({ type }) => type === 'Ready');
  const isReady = ready?.status === 'True';
  return [
    ...(spec?.unschedulable && !isTolerated(UNSCHEDULABLE, pod.spec.tolerations)
      ? [{ kind: 'cordoned' } as const]
      : []),
    ...(isReady ? [] : [{ kind: 'not-ready', message: ready?.message ?? '' } as const]),
  ];
}

function taintRefusals(pod: Pod, { spec }: Node): Refusal[] {
  return (spec?.taints ?? [])
    .filter(({ effect, key }) => effect !== 'PreferNoSchedule' && !SYSTEM_TAINTS.test(key))
    .filter((taint) => !isTolerated(taint, pod.spec.tolerations))
    .map((taint) => ({ kind: 'taint', taint }));
}

function labelRefusals({ spec }: Pod, { metadata }: Node): Refusal[] {
  const labels = metadata.labels ?? {};
  return Object.entries(spec.nodeSelector ?? {})
    .filter(([key, wanted]) => labels[key] !== wanted)
    .map(([key, wanted]) => ({ kind: 'label', key, wanted, has: labels[key] }));
}

function roomRefusals(pod: Pod, { status }: Node, there: readonly Pod[]): Refusal[] {
  const room = status?.allocatable ?? status?.capacity ?? {};
  const asks = amountsOf(pod, 'requests');
  const used = totals(there, 'requests');
  const refusals: Refusal[] = [];
  for (const [resource, total] of [
    ['cpu', milliOf(room['cpu'] ?? '0')],
    ['memory', bytesOf(room['memory'] ?? '0')],
  ] as const) {
    const free = Math.max(0, total - used[resource]);
    if (asks[resource] > 0 && asks[resource] > free)
      refusals.push({ kind: 'room', resource, asks: asks[resource], free, total });
  }
  const limit = Number(room['pods'] ?? Infinity);
  if (there.length >= limit) refusals.push({ kind: 'pods', limit });
  return refusals;
}

function portRefusals(pod: Pod, there: readonly Pod[]): Refusal[] {
  return hostPortsOf(pod).flatMap(({ port, protocol }) => {
    const holder = there.find((other) =>
      hostPortsOf(other).some((used) => used.port === port && used.protocol === protocol),
    );
    return holder ? [{ kind: 'port', port, by: `${holder.metadata.namespace}/${holder.metadata.name}` } as const] : [];
  });
}

function hostPortsOf({ spec }: Pod): { port: number; protocol: string }[] {
  return spec.containers.flatMap(({ ports = [] }) =>
    ports.flatMap(({ hostPort, protocol = 'TCP' }) => (hostPort ? [{ port: hostPort, protocol }] : [])),
  );
}
