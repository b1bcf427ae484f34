/** Services, config maps, secrets, namespaces, service accounts. */
import type {
  ConfigMap,
  LimitRange,
  Namespace,
  ResourceQuota,
  Secret,
  Service,
  ServiceAccount,
  ServicePort,
} from '../../api/types/core.v1.ts';
import type { EndpointSlice } from '../../api/types/discovery.v1.ts';
import { selectorText } from '../pods.ts';
import type { Session } from '../session.ts';
import { annotationLines, eventLines, headLines, labelLines, tableLines, timeText, type Lines } from './common.ts';
import { limitRangeSection, quotaSection } from './limits.ts';

const SHOWN_ENDPOINTS = 3;

export async function describeService(service: Service, session: Session): Promise<Lines> {
  const { metadata, spec } = service;
  const { ports = [], clusterIPs = [], externalIPs = [] } = spec ?? {};
  const slices = await slicesOf(service, session);
  const addresses = service.status?.loadBalancer?.ingress?.map(({ ip, hostname }) => ip ?? hostname ?? '') ?? [];
  return [
    `Name:\t${metadata.name}`,
    `Namespace:\t${metadata.namespace}`,
    ...labelLines(service),
    ...annotationLines(service),
    `Selector:\t${selectorText(spec?.selector) || '<none>'}`,
    `Type:\t${spec?.type ?? ''}`,
    `IP Family Policy:\t${spec?.ipFamilyPolicy ?? '<none>'}`,
    `IP Families:\t${spec?.ipFamilies?.join(',') || '<none>'}`,
    `IP:\t${spec?.clusterIP ?? ''}`,
    `IPs:\t${clusterIPs.join(',') || '<none>'}`,
    ...(externalIPs.length > 0 ? [`External IPs:\t${externalIPs.join(',')}`] : []),
    ...(spec?.externalName ? [`External Name:\t${spec.externalName}`] : []),
    ...(addresses.length > 0 ? [`LoadBalancer Ingress:\t${addresses.join(', ')}`] : []),
    ...ports.flatMap((port) => portLines(port, slices)),
    `Session Affinity:\t${spec?.sessionAffinity ?? ''}`,
    ...(spec?.externalTrafficPolicy ? [`External Traffic Policy:\t${spec.externalTrafficPolicy}`] : []),
    ...(spec?.internalTrafficPolicy ? [`Internal Traffic Policy:\t${spec.internalTrafficPolicy}`] : []),
    ...(await eventLines(service, session)),
  ];
}

export async function slicesOf(
  { metadata }: { readonly metadata: { readonly name?: string; readonly namespace?: string } },
  session: Session,
): Promise<EndpointSlice[]> {
  const path = `/apis/discovery.k8s.io/v1/namespaces/${metadata.namespace}/endpointslices`;
  const query = { labelSelector: `kubernetes.io/service-name=${metadata.name}` };
  return (await (await session.client()).list<EndpointSlice>(path, { query })).items;
}

function portLines(port: ServicePort, slices: readonly EndpointSlice[]): Lines {
  const { name = '', protocol = 'TCP' } = port;
  const target = port.targetPort === undefined || port.targetPort === 0 ? '0' : String(port.targetPort);
  return [
    `Port:\t${name || '<unset>'}\t${port.port}/${protocol}`,
    `TargetPort:\t${target}/${protocol}`,
    ...(port.nodePort ? [`NodePort:\t${name || '<unset>'}\t${port.nodePort}/${protocol}`] : []),
    `Endpoints:\t${endpointsText(name, slices)}`,
  ];
}

/** Of the ports of this name that are ready, the first few. */
export function endpointsText(name: string, slices: readonly EndpointSlice[]): string {
  const ready = slices.flatMap((slice) => {
    // Either may be null on the wire.
    const ports = slice.ports ?? [];
    const endpoints = slice.endpoints ?? [];
    const number = ports.find((port) => (port.name ?? '') === name)?.port;
    return endpoints
      .filter(({ conditions }) => conditions?.ready !== false)
      .flatMap(({ addresses }) => addresses.map((address) => `${address}:${number}`));
  });
  if (ready.length === 0) return '<none>';
  const shown = ready.slice(0, SHOWN_ENDPOINTS).join(',');
  return ready.length > SHOWN_ENDPOINTS ? `${shown} + ${ready.length - SHOWN_ENDPOINTS} more...` : shown;
}

export async function describeConfigMap(map: ConfigMap, session: Session): Promise<Lines> {
  const texts = Object.entries(map.data ?? {}).toSorted(([a], [b]) => (a < b ? -1 : 1));
  const binaries = Object.entries(map.binaryData ?? {}).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return [
    `Name:\t${map.metadata.name}`,
    `Namespace:\t${map.metadata.namespace}`,
    ...labelLines(map),
    ...annotationLines(map),
    '',
    'Data',
    '====',
    ...texts.flatMap(([key, value]) => [`${key}:`, '----', ...value.split('\n'), '']),
    '',
    'BinaryData',
    '====',
    ...binaries.flatMap(([key, value]) => [`${key}: ${Buffer.from(value, 'base64').length} bytes`]),
    '',
    ...(await eventLines(map, session)),
  ];
}

export function describeSecret(secret: Secret): Lines {
  const entries = Object.entries(secret.data ?? {}).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return [
    `Name:\t${secret.metadata.name}`,
    `Namespace:\t${secret.metadata.namespace}`,
    ...labelLines(secret),
    ...annotationLines(secret),
    '',
    `Type:\t${secret.type ?? ''}`,
    '',
    'Data',
    '====',
    ...entries.map(([key, value]) => `${key}:\t${Buffer.from(value, 'base64').length} bytes`),
  ];
}

export async function describeNamespace(namespace: Namespace, session: Session): Promise<Lines> {
  const { metadata, status } = namespace;
  const client = await session.client();
  const of = <T>(resource: string): Promise<T[]> =>
    client.list<T>(`/api/v1/namespaces/${metadata.name}/${resource}`).then(({ items }) => items);
  const [quotas, ranges] = await Promise.all([of<ResourceQuota>('resourcequotas'), of<LimitRange>('limitranges')]);
  const rows = (status?.conditions ?? []).map(({ type, status: is, lastTransitionTime, reason = '', message = '' }) => [
    type,
    is,
    timeText(lastTransitionTime),
    reason,
    message,
  ]);
  return [
    `Name:\t${metadata.name}`,
    ...labelLines(namespace),
    ...annotationLines(namespace),
    `Status:\t${status?.phase ?? ''}`,
    ...(rows.length > 0
      ? ['Conditions:', ...tableLines(['Type', 'Status', 'LastTransitionTime', 'Reason', 'Message'], rows)]
      : []),
    '',
    ...quotaSection(quotas),
    '',
    ...limitRangeSection(ranges),
  ];
}

export async function describeServiceAccount(account: ServiceAccount, session: Session): Promise<Lines> {
  const names = (account.imagePullSecrets ?? []).map(({ name = '' }) => name);
  const title = 'Image pull secrets:';
  return [
    ...headLines(account),
    ...(names.length > 0 ? names : ['<none>']).map(
      (name, at) => `${at === 0 ? title : ' '.repeat(title.length)}\t${name}`,
    ),
    ...(await eventLines(account, session)),
  ];
}
