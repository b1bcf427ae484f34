/** networking.k8s.io */
import type { networkingKinds } from '../../kinds/networking.ts';
import type { Ingress, IngressClass, IPAddress } from '../../types/networking.v1.ts';
import { ageColumn, type ColumnsOf, nameColumn } from '../columns.ts';
import { selectorText } from '../selector-text.ts';

const MAX_HOSTS = 3;

export const networkingColumns: ColumnsOf<typeof networkingKinds> = {
  ingresses: [
    nameColumn,
    {
      name: 'Class',
      description: 'Class of controller that serves it.',
      cell: ({ spec }) => spec.ingressClassName ?? '<none>',
    },
    { name: 'Hosts', description: 'Hosts that its rules are about.', cell: hostsOf },
    { name: 'Address', description: 'Where its traffic comes in.', cell: addressesOf },
    {
      name: 'Ports',
      description: 'Ports that clients use.',
      cell: ({ spec }) => (spec.tls?.length ? '80, 443' : '80'),
    },
    ageColumn,
  ],
  ingressclasses: [
    nameColumn,
    { name: 'Controller', description: 'Who serves the class.', cell: ({ spec }) => spec.controller ?? '' },
    { name: 'Parameters', description: 'Object that configures the controller.', cell: parametersOf },
    ageColumn,
  ],
  networkpolicies: [
    nameColumn,
    {
      name: 'Pod-Selector',
      description: 'Pods that it is about.',
      cell: ({ spec }) => selectorText(spec.podSelector) || '<none>',
    },
    ageColumn,
  ],
  ipaddresses: [nameColumn, { name: 'ParentRef', description: 'Object that has the address.', cell: parentOf }],
  servicecidrs: [
    nameColumn,
    { name: 'CIDRs', description: 'Ranges of addresses.', cell: ({ spec }) => spec.cidrs?.join(',') ?? '' },
    ageColumn,
  ],
};

function hostsOf({ spec: { rules = [] } }: Ingress): string {
  const hosts = rules.flatMap(({ host }) => (host ? [host] : []));
  if (hosts.length === 0) return '*';
  const shown = hosts.slice(0, MAX_HOSTS).join(',');
  return hosts.length > MAX_HOSTS ? `${shown} + ${rules.length - MAX_HOSTS} more...` : shown;
}

function addressesOf({ status }: Ingress): string {
  const all = status.loadBalancer?.ingress?.map(({ ip, hostname }) => ip || hostname || '') ?? [];
  return [...new Set(all)]
    .filter((address) => address !== '')
    .toSorted()
    .join(',');
}

function parametersOf({ spec: { parameters } }: IngressClass): string {
  if (!parameters) return '<none>';
  const { kind, apiGroup, name } = parameters;
  return `${kind}${apiGroup === undefined ? '' : `.${apiGroup}`}/${name}`;
}

function parentOf({ spec: { parentRef } }: IPAddress): string {
  if (!parentRef) return '<none>';
  const { group, resource = '', namespace, name = '' } = parentRef;
  const kind = (group ? `${resource}.${group}` : resource).toLowerCase();
  return [kind, ...(namespace ? [namespace] : []), name].join('/');
}
