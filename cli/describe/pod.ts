import type { Container, ContainerStatus, Pod } from '../../api/types/core.v1.ts';
import type { Session } from '../session.ts';
import { annotationLines, eventLines, labelLines, mapLines, timeText, type Lines } from './common.ts';
import { containerLines } from './container.ts';
import { spreadLines, tolerationLines } from './template.ts';
import { volumeLines } from './volumes.ts';

export async function describePod(pod: Pod, session: Session): Promise<Lines> {
  const { metadata, spec } = pod;
  const status: Pod['status'] = pod.status ?? {};
  const controller = metadata.ownerReferences?.find((owner) => owner.controller);
  return [
    `Name:\t${metadata.name}`,
    `Namespace:\t${metadata.namespace}`,
    `Priority:\t${spec.priority ?? 0}`,
    ...(spec.priorityClassName ? [`Priority Class Name:\t${spec.priorityClassName}`] : []),
    ...(spec.runtimeClassName ? [`Runtime Class Name:\t${spec.runtimeClassName}`] : []),
    `Service Account:\t${spec.serviceAccountName ?? ''}`,
    `Node:\t${spec.nodeName ? `${spec.nodeName}/${status.hostIP ?? ''}` : '<none>'}`,
    ...(status.startTime ? [`Start Time:\t${timeText(status.startTime)}`] : []),
    ...labelLines(pod),
    ...annotationLines(pod),
    ...lifeLines(pod),
    ...(status.reason ? [`Reason:\t${status.reason}`] : []),
    ...(status.message ? [`Message:\t${status.message}`] : []),
    `IP:\t${status.podIP ?? ''}`,
    ...(status.podIPs?.length ? ['IPs:', ...status.podIPs.map(({ ip }) => `  IP:\t${ip}`)] : ['IPs:\t<none>']),
    ...(controller ? [`Controlled By:\t${controller.kind}/${controller.name}`] : []),
    ...(spec.initContainers?.length
      ? ['Init Containers:', ...all(spec.initContainers, status.initContainerStatuses)]
      : []),
    'Containers:',
    ...all(spec.containers, status.containerStatuses),
    ...(spec.readinessGates?.length ? ['Readiness Gates:', '  Type\tStatus', ...gateLines(pod)] : []),
    ...conditionLines(pod),
    ...volumeLines(spec.volumes ?? [], 'Volumes', '  '),
    ...(status.qosClass ? [`QoS Class:\t${status.qosClass}`] : []),
    ...mapLines('Node-Selectors', spec.nodeSelector, '='),
    ...tolerationLines(spec.tolerations ?? []),
    ...spreadLines(spec.topologySpreadConstraints),
    ...(await eventLines(pod, session)),
  ];
}

function lifeLines({ metadata, status }: Pod): Lines {
  if (metadata.deletionTimestamp === undefined) return [`Status:\t${status?.phase ?? ''}`];
  return [
    `Status:\tTerminating (lasts since ${timeText(metadata.deletionTimestamp)})`,
    `Termination Grace Period:\t${metadata.deletionGracePeriodSeconds ?? 0}s`,
  ];
}

function all(containers: readonly Container[], statuses: readonly ContainerStatus[] = []): Lines {
  return containers.flatMap((container) => {
    const status = statuses.find(({ name }) => name === container.name);
    return containerLines(container, '  ', '    ', status);
  });
}

function gateLines({ spec, status }: Pod): Lines {
  return (spec.readinessGates ?? []).map(({ conditionType }) => {
    const is = status?.conditions?.find(({ type }) => type === conditionType)?.status ?? '<none>';
    return `  ${conditionType}\t${is} `;
  });
}

function conditionLines({ status }: Pod): Lines {
  const { conditions = [] } = status ?? {};
  if (conditions.length === 0) return [];
  return ['Conditions:', '  Type\tStatus', ...conditions.map(({ type, status: is }) => `  ${type} \t${is} `)];
}
