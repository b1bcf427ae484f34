/** Ingresses and their classes. */
import type { Service } from '../../api/types/core.v1.ts';
import type { Ingress, IngressBackend, IngressClass } from '../../api/types/networking.v1.ts';
import type { Session } from '../session.ts';
import { annotationLines, eventLines, labelLines, tableLines, type Lines } from './common.ts';
import { endpointsText, slicesOf } from './others.ts';

export async function describeIngress(ingress: Ingress, session: Session): Promise<Lines> {
  const { metadata, spec, status } = ingress;
  const fallback = spec.defaultBackend ? await backendText(spec.defaultBackend, ingress, session) : '<default>';
  const addresses = (status.loadBalancer?.ingress ?? []).flatMap(({ ip, hostname }) => ip || hostname || []);
  return [
    `Name:\t${metadata.name}`,
    ...labelLines(ingress),
    `Namespace:\t${metadata.namespace}`,
    `Address:\t${[...new Set(addresses)].toSorted().join(',')}`,
    `Ingress Class:\t${spec.ingressClassName ?? '<none>'}`,
    `Default backend:\t${fallback}`,
    ...tlsLines(ingress),
    'Rules:',
    ...tableLines(['Host', 'Path', 'Backends'], []),
    ...(await ruleLines(ingress, fallback, session)),
    ...annotationLines(ingress),
    ...(await eventLines(ingress, session)),
  ];
}

function tlsLines({ spec: { tls = [] } }: Ingress): Lines {
  if (tls.length === 0) return [];
  return [
    'TLS:',
    ...tls.map(({ hosts = [], secretName }) =>
      secretName ? `  ${secretName} terminates ${hosts.join(',')}` : `  SNI routes ${hosts.join(',')}`,
    ),
  ];
}

async function ruleLines(ingress: Ingress, fallback: string, session: Session): Promise<Lines> {
  const lines: Lines = [];
  for (const { host, http } of ingress.spec.rules ?? []) {
    if (!http) continue;
    lines.push(`  ${host || '*'}\t`);
    for (const { path = '', backend } of http.paths)
      lines.push(`    \t${path} \t${await backendText(backend, ingress, session)}`);
  }
  return lines.length > 0 ? lines : [`  *\t*\t${fallback}`];
}

async function backendText(
  { service, resource }: IngressBackend,
  { metadata: { namespace } }: Ingress,
  session: Session,
): Promise<string> {
  if (resource) return `APIGroup: ${resource.apiGroup ?? '<none>'}, Kind: ${resource.kind}, Name: ${resource.name}`;
  if (!service) return '';
  const { name, port } = service;
  const text = `${name}:${port.number || (port.name ?? '')}`;
  try {
    const slices = await slicesOf({ metadata: { name, namespace: namespace ?? '' } }, session);
    const client = await session.client();
    const { spec } = await client.get<Service>(`/api/v1/namespaces/${namespace}/services/${name}`);
    const found = (spec.ports ?? []).findLast((candidate) =>
      port.number ? candidate.port === port.number : candidate.name === port.name,
    );
    return `${text} (${endpointsText(found?.name ?? '', slices)})`;
  } catch (error) {
    return `${text} (<error: ${(error as Error).message}>)`;
  }
}

export async function describeIngressClass(ingressClass: IngressClass, session: Session): Promise<Lines> {
  const { metadata, spec } = ingressClass;
  const { parameters } = spec;
  return [
    `Name:\t${metadata.name}`,
    ...labelLines(ingressClass),
    ...annotationLines(ingressClass),
    `Controller:\t${spec.controller ?? ''}`,
    ...(parameters
      ? [
          'Parameters:',
          ...(parameters.apiGroup === undefined ? [] : [`  APIGroup:\t${parameters.apiGroup}`]),
          `  Kind:\t${parameters.kind}`,
          `  Name:\t${parameters.name}`,
        ]
      : []),
    ...(await eventLines(ingressClass, session)),
  ];
}
