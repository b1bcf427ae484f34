/** Columns of Services and of what is behind them. */
import type { Endpoints, EndpointSubset, Service, ServicePort } from '../types/core.v1.ts';
import type { EndpointSlice } from '../types/discovery.v1.ts';
import { ageColumn, type Column, nameColumn } from './columns.ts';
import { labelsText } from './selector-text.ts';

const MAX_SHOWN = 3;

export const serviceColumns: readonly Column<Service>[] = [
  nameColumn,
  { name: 'Type', description: 'How the service is reached.', cell: ({ spec }) => spec.type ?? '' },
  {
    name: 'Cluster-IP',
    description: 'Address of the service within the cluster.',
    cell: ({ spec }) => spec.clusterIPs?.[0] || spec.clusterIP || '<none>',
  },
  { name: 'External-IP', description: 'Addresses of the service from outside.', cell: externalAddresses },
  {
    name: 'Port(s)',
    description: 'Ports of the service, with their node ports.',
    cell: ({ spec }) => (spec.ports ?? []).map(portText).join(',') || '<none>',
  },
  ageColumn,
  {
    name: 'Selector',
    description: 'Labels of the pods behind the service.',
    wide: true,
    cell: ({ spec }) => labelsText(spec.selector),
  },
];

function externalAddresses({ spec, status }: Service): string {
  const external = spec.externalIPs?.join(',') ?? '';
  switch (spec.type) {
    case 'ClusterIP':
    case 'NodePort':
      return external || '<none>';
    case 'ExternalName':
      return spec.externalName ?? '';
    case 'LoadBalancer': {
      const balanced = balancerAddresses(status);
      if (external) return balanced ? `${balanced},${external}` : external;
      return balanced || '<pending>';
    }
    default:
      return '<unknown>';
  }
}

function balancerAddresses(status: Service['status']): string {
  const points = status.loadBalancer?.ingress ?? [];
  const addresses = [...new Set(points.map(({ ip, hostname }) => ip || hostname || ''))].toSorted();
  return addresses.filter((address) => address !== '').join(',');
}

function portText({ port, nodePort, protocol }: ServicePort): string {
  return nodePort ? `${port}:${nodePort}/${protocol}` : `${port}/${protocol}`;
}

export const endpointSliceColumns: readonly Column<EndpointSlice>[] = [
  nameColumn,
  {
    name: 'AddressType',
    description: 'What the addresses in the slice are.',
    cell: ({ addressType }) => addressType,
  },
  {
    name: 'Ports',
    description: 'Ports of the endpoints in the slice.',
    cell: ({ ports }) =>
      abbreviated(
        (ports ?? []).map(({ name, port }) => (port === undefined ? (name ?? '*') : String(port))),
        '<unset>',
      ),
  },
  {
    name: 'Endpoints',
    description: 'Addresses of the endpoints in the slice.',
    cell: ({ endpoints }) =>
      abbreviated(
        (endpoints ?? []).flatMap(({ addresses }) => addresses),
        '<unset>',
      ),
  },
  ageColumn,
];

export const endpointsColumns: readonly Column<Endpoints>[] = [
  nameColumn,
  {
    name: 'Endpoints',
    description: 'Addresses that serve, with their ports.',
    cell: ({ subsets }) => abbreviated((subsets ?? []).flatMap(pairsOf), '<none>'),
  },
  ageColumn,
];

/** `10.0.0.1:80`, each port with each address. */
function pairsOf({ addresses = [], ports = [] }: EndpointSubset): string[] {
  if (ports.length === 0) return addresses.map(({ ip }) => ip);
  return ports.flatMap(({ port }) =>
    addresses.map(({ ip }) => (ip.includes(':') ? `[${ip}]:${port}` : `${ip}:${port}`)),
  );
}

function abbreviated(all: readonly string[], none: string): string {
  if (all.length === 0) return none;
  const shown = all.slice(0, MAX_SHOWN).join(',');
  return all.length > MAX_SHOWN ? `${shown} + ${all.length - MAX_SHOWN} more...` : shown;
}
