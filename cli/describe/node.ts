import { bytesOf, milliOf } from '../../api/machinery/quantity.ts';
import { since } from '../../api/printing/duration.ts';
import type { Lease } from '../../api/types/coordination.v1.ts';
import type { Node, Pod } from '../../api/types/core.v1.ts';
import { errorText } from '../say-error.ts';
import type { Session } from '../session.ts';
import { annotationLines, eventLines, labelLines, timeText, type Lines } from './common.ts';
import { amountText, totals, type Amounts } from './amounts.ts';

const ROLE = 'node-role.kubernetes.io/';

export async function describeNode(node: Node, session: Session): Promise<Lines> {
  const { metadata, spec, status } = node;
  const capacity = status?.capacity ?? {};
  const allocatable = status?.allocatable ?? capacity;
  const addresses = status?.addresses ?? [];
  const roles = Object.keys(metadata.labels ?? {})
    .filter((label) => label.startsWith(ROLE))
    .map((label) => label.slice(ROLE.length));
  return [
    `Name:\t${metadata.name}`,
    `Roles:\t${roles.join(',') || '<none>'}`,
    ...labelLines(node),
    ...annotationLines(node),
    `CreationTimestamp:\t${timeText(metadata.creationTimestamp)}`,
    ...taintLines(node),
    `Unschedulable:\t${spec?.unschedulable === true}`,
    ...(await leaseLines(node, session)),
    ...conditionLines(node),
    'Addresses:',
    ...addresses.map(({ type, address }) => `  ${type}:\t${address}`),
    ...amountLines('Capacity', capacity),
    ...amountLines('Allocatable', allocatable),
    ...systemLines(node),
    ...(spec?.podCIDR ? [`PodCIDR:\t${spec.podCIDR}`] : []),
    ...(spec?.podCIDRs?.length ? [`PodCIDRs:\t${spec.podCIDRs.join(',')}`] : []),
    ...(await podLines(node, allocatable, session)),
    ...(await eventLines(node, session)),
  ];
}

function taintLines({ spec }: Node): Lines {
  const texts = (spec?.taints ?? [])
    .map(({ key, value, effect }) => `${key}${value ? `=${value}` : ''}:${effect}`)
    .toSorted();
  if (texts.length === 0) return ['Taints:\t<none>'];
  return texts.map((text, at) => `${at === 0 ? 'Taints:' : ''}\t${text}`);
}

async function leaseLines({ metadata }: Node, session: Session): Promise<Lines> {
  try {
    const path = `/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/${metadata.name}`;
    const { spec } = await (await session.client()).get<Lease>(path);
    return [
      'Lease:',
      `  HolderIdentity:\t${spec?.holderIdentity ?? '<unset>'}`,
      `  AcquireTime:\t${timeText(spec?.acquireTime)}`,
      `  RenewTime:\t${timeText(spec?.renewTime)}`,
    ];
  } catch (error) {
    return [`Lease:\tFailed to get lease: ${error instanceof Error ? error.message : errorText(error)}`];
  }
}

function conditionLines({ status }: Node): Lines {
  const { conditions = [] } = status ?? {};
  if (conditions.length === 0) return [];
  return [
    'Conditions:',
    '  Type\tStatus\tLastHeartbeatTime\tLastTransitionTime\tReason\tMessage',
    '  ----\t------\t-----------------\t------------------\t------\t-------',
    ...conditions.map(
      ({ type, status: is, lastHeartbeatTime, lastTransitionTime, reason, message }) =>
        `  ${type} \t${is} \t${timeText(lastHeartbeatTime)} \t${timeText(lastTransitionTime)} \t${reason ?? ''} \t${message ?? ''}`,
    ),
  ];
}

function amountLines(title: string, amounts: Readonly<Record<string, string>>): Lines {
  const entries = Object.entries(amounts).toSorted(([a], [b]) => (a < b ? -1 : 1));
  if (entries.length === 0) return [];
  return [`${title}:`, ...entries.map(([name, amount]) => `  ${name}:\t${amount}`)];
}

function systemLines({ status }: Node): Lines {
  const info = status?.nodeInfo;
  if (!info) return [];
  return [
    'System Info:',
    `  Machine ID:\t${info.machineID}`,
    `  System UUID:\t${info.systemUUID}`,
    `  Boot ID:\t${info.bootID}`,
    `  Kernel Version:\t${info.kernelVersion}`,
    `  OS Image:\t${info.osImage}`,
    `  Operating System:\t${info.operatingSystem}`,
    `  Architecture:\t${info.architecture}`,
    `  Container Runtime Version:\t${info.containerRuntimeVersion}`,
    `  Kubelet Version:\t${info.kubeletVersion}`,
    `  Kube-Proxy Version:\t${info.kubeProxyVersion ?? ''}`,
  ];
}

async function podLines(
  { metadata }: Node,
  allocatable: Readonly<Record<string, string>>,
  session: Session,
): Promise<Lines> {
  const fieldSelector = `spec.nodeName=${metadata.name},status.phase!=Succeeded,status.phase!=Failed`;
  const { items } = await (await session.client()).list<Pod>('/api/v1/pods', { query: { fieldSelector } });
  const room: Amounts = { cpu: milliOf(allocatable['cpu'] ?? '0'), memory: bytesOf(allocatable['memory'] ?? '0') };
  const now = session.world.clock.date();
  const cells = (side: 'requests' | 'limits', pods: readonly Pod[]): [string, string] => {
    const sum = totals(pods, side);
    return [amountText('cpu', sum.cpu, room.cpu), amountText('memory', sum.memory, room.memory)];
  };
  const rows = items.map((pod) => {
    const [cpuRequests, memoryRequests] = cells('requests', [pod]);
    const [cpuLimits, memoryLimits] = cells('limits', [pod]);
    const { namespace, name, creationTimestamp } = pod.metadata;
    return `  ${namespace}\t${name}\t\t${cpuRequests}\t${cpuLimits}\t${memoryRequests}\t${memoryLimits}\t${since(creationTimestamp, now)}`;
  });
  const [cpuRequests, memoryRequests] = cells('requests', items);
  const [cpuLimits, memoryLimits] = cells('limits', items);
  return [
    `Non-terminated Pods:\t(${items.length} in total)`,
    '  Namespace\tName\t\tCPU Requests\tCPU Limits\tMemory Requests\tMemory Limits\tAge',
    '  ---------\t----\t\t------------\t----------\t---------------\t-------------\t---',
    ...rows,
    'Allocated resources:\n  (Total limits may be over 100 percent, i.e., overcommitted.)',
    '  Resource\tRequests\tLimits',
    '  --------\t--------\t------',
    `  cpu\t${cpuRequests}\t${cpuLimits}`,
    `  memory\t${memoryRequests}\t${memoryLimits}`,
    '  ephemeral-storage\t0 (0%)\t0 (0%)',
  ];
}
