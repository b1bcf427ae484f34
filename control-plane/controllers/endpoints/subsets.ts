/** The endpoints of a service in the older form: addresses of one family, grouped by their ports. */
import ipaddr from 'ipaddr.js';

import type { EndpointAddress, EndpointPort, EndpointSubset, Pod, Service } from '../../../api/types/core.v1.ts';
import type { Endpoint } from '../../../api/types/discovery.v1.ts';
import {
  addressTypesOf,
  endpointGroups,
  type EndpointGroup,
  type EndpointRequest,
} from '../endpointslice/endpoints.ts';

/** The most addresses of one object; readers of more ask for slices. */
export const MAX_ADDRESSES = 1000;

export interface Subsets {
  readonly subsets: readonly EndpointSubset[];
  /** Whether some addresses had to be left out. */
  readonly truncated: boolean;
}

export function subsetsOf(request: EndpointRequest): Subsets {
  const { service } = request;
  const family = addressTypesOf(service)[0];
  const pods = request.pods.filter((pod) => !isLeaving(pod, service));
  const groups = endpointGroups({ ...request, pods }).filter(
    ({ addressType, ports }) => addressType === family && (ports.length > 0 || isPortless(service)),
  );
  return truncate(groups.map(subsetOf).toSorted((a, b) => compareText(portsText(a), portsText(b))));
}

function isLeaving({ metadata }: Pod, { spec }: Service): boolean {
  return metadata.deletionTimestamp !== undefined && spec.publishNotReadyAddresses !== true;
}

function isPortless({ spec }: Service): boolean {
  return (spec.ports ?? []).length === 0;
}

function subsetOf({ endpoints, ports }: EndpointGroup): EndpointSubset {
  const [ready, notReady] = [true, false].map((wanted) =>
    sorted(endpoints.filter(({ conditions }) => conditions.ready === wanted).map(addressOf)),
  );
  return {
    ...(ready?.length ? { addresses: ready } : {}),
    ...(notReady?.length ? { notReadyAddresses: notReady } : {}),
    ...(ports.length > 0 ? { ports: ports.map(portOf).toSorted(comparePorts) } : {}),
  };
}

function addressOf({ addresses, hostname, nodeName, targetRef }: Endpoint): EndpointAddress {
  return {
    ip: addresses[0] ?? '',
    ...(hostname ? { hostname } : {}),
    ...(nodeName ? { nodeName } : {}),
    ...(targetRef ? { targetRef } : {}),
  };
}

function portOf({ name, port, protocol, appProtocol }: EndpointGroup['ports'][number]): EndpointPort {
  return {
    ...(name ? { name } : {}),
    port: port ?? 0,
    ...(protocol ? { protocol } : {}),
    ...(appProtocol ? { appProtocol } : {}),
  };
}

/** By address, as a number, then by pod: the same endpoints are always written alike. */
function sorted(addresses: readonly EndpointAddress[]): EndpointAddress[] {
  return addresses
    .map((address) => ({ address, key: `${numberOf(address.ip)} ${address.targetRef?.uid ?? ''}` }))
    .toSorted((a, b) => compareText(a.key, b.key))
    .map(({ address }) => address);
}

/** All addresses of a family have as many digits. */
function numberOf(ip: string): string {
  return Buffer.from(ipaddr.parse(ip).toByteArray()).toString('hex');
}

function comparePorts(a: EndpointPort, b: EndpointPort): number {
  return compareText(a.protocol ?? '', b.protocol ?? '') || a.port - b.port || compareText(a.name ?? '', b.name ?? '');
}

function portsText({ ports = [] }: EndpointSubset): string {
  return JSON.stringify(ports);
}

function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

/** Keeps what is ready before what is not. */
function truncate(subsets: readonly EndpointSubset[]): Subsets {
  const total = subsets.reduce((sum, { addresses = [], notReadyAddresses = [] }) => {
    return sum + addresses.length + notReadyAddresses.length;
  }, 0);
  if (total <= MAX_ADDRESSES) return { subsets, truncated: false };
  let room = MAX_ADDRESSES;
  const take = (list: EndpointAddress[] | undefined): EndpointAddress[] => {
    const taken = (list ?? []).slice(0, room);
    room -= taken.length;
    return taken;
  };
  const ready = subsets.map(({ addresses }) => take(addresses));
  const notReady = subsets.map(({ notReadyAddresses }) => take(notReadyAddresses));
  const kept = subsets.map(({ ports }, index) => ({
    ...(ready[index]?.length ? { addresses: ready[index] } : {}),
    ...(notReady[index]?.length ? { notReadyAddresses: notReady[index] } : {}),
    ...(ports ? { ports } : {}),
  }));
  return { subsets: kept.filter((subset) => subset.addresses ?? subset.notReadyAddresses), truncated: true };
}
