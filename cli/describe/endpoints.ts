/** Endpoints and endpoint slices. */
import type { Endpoints, EndpointSubset } from '../../api/types/core.v1.ts';
import type { Endpoint, EndpointSlice } from '../../api/types/discovery.v1.ts';
import type { Session } from '../session.ts';
import { eventLines, headLines, tableLines, type Lines } from './common.ts';

const PORT_HEADS = ['Name', 'Port', 'Protocol'];

export async function describeEndpoints(endpoints: Endpoints, session: Session): Promise<Lines> {
  return [
    ...headLines(endpoints),
    'Subsets:',
    ...(endpoints.subsets ?? []).flatMap(subsetLines),
    ...(await eventLines(endpoints, session)),
  ];
}

function subsetLines({ addresses = [], notReadyAddresses = [], ports = [] }: EndpointSubset): Lines {
  const text = (list: readonly { ip: string }[]): string => list.map(({ ip }) => ip).join(',') || '<none>';
  const rows = ports.map(({ name, port, protocol = 'TCP' }) => [name || '<unset>', String(port), protocol]);
  return [
    `  Addresses:\t${text(addresses)}`,
    `  NotReadyAddresses:\t${text(notReadyAddresses)}`,
    ...(rows.length > 0 ? ['  Ports:', ...tableLines(PORT_HEADS, rows, '    ')] : []),
    '',
  ];
}

export async function describeEndpointSlice(slice: EndpointSlice, session: Session): Promise<Lines> {
  // Either may be null on the wire.
  const ports = slice.ports ?? [];
  const endpoints = slice.endpoints ?? [];
  const rows = ports.map(({ name, port, protocol = 'TCP' }) => [
    name || '<unset>',
    String(port ?? '<unset>'),
    protocol,
  ]);
  return [
    ...headLines(slice),
    `AddressType:\t${slice.addressType}`,
    ...(rows.length > 0 ? ['Ports:', ...tableLines(PORT_HEADS, rows)] : ['Ports: <unset>']),
    ...(endpoints.length > 0 ? ['Endpoints:', ...endpoints.flatMap(endpointLines)] : ['Endpoints: <none>']),
    ...(await eventLines(slice, session)),
  ];
}

function endpointLines({ addresses, conditions, hostname, targetRef, nodeName, zone }: Endpoint): Lines {
  return [
    `  - Addresses:\t${addresses.join(', ') || '<none>'}`,
    '    Conditions:',
    `      Ready:\t${conditions?.ready ?? '<unset>'}`,
    `    Hostname:\t${hostname ?? '<unset>'}`,
    ...(targetRef ? [`    TargetRef:\t${targetRef.kind}/${targetRef.name}`] : []),
    `    NodeName:\t${nodeName ?? '<unset>'}`,
    `    Zone:\t${zone ?? '<unset>'}`,
  ];
}
