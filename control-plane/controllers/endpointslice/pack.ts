/** Puts endpoints into slices with as few writes as possible: what is in a slice stays there, gaps are filled first. */
import { isDeepStrictEqual } from 'node:util';

import type { Endpoint, EndpointPort, EndpointSlice } from '../../../api/types/discovery.v1.ts';
import type { EndpointGroup } from './endpoints.ts';
import { portsKey } from './endpoints.ts';

export const MAX_ENDPOINTS = 100;

export interface Packed {
  /** Absent for a slice that is to be made. */
  readonly slice?: EndpointSlice;
  readonly addressType: string;
  readonly ports: readonly EndpointPort[];
  readonly endpoints: readonly Endpoint[];
}

export interface Packing {
  readonly kept: readonly Packed[];
  readonly removed: readonly EndpointSlice[];
}

/** Of one pod there is one endpoint; its address may change. */
function identityOf({ targetRef, addresses }: Endpoint): string {
  return targetRef?.uid ?? addresses.join();
}

function groupKey(addressType: string, ports: readonly EndpointPort[]): string {
  return `${addressType} ${portsKey(ports)}`;
}

/** `existing` are the slices that this controller made for the service. */
export function packEndpoints(
  existing: readonly EndpointSlice[],
  groups: readonly EndpointGroup[],
  addressTypes: readonly string[],
): Packing {
  const byGroup = Map.groupBy(existing, ({ addressType, ports }) => groupKey(addressType, ports ?? []));
  const kept = groups.flatMap((group) => packGroup(byGroup.get(groupKey(group.addressType, group.ports)) ?? [], group));
  const empty = addressTypes.filter((type) => !kept.some(({ addressType }) => addressType === type));
  // A service without endpoints still has one slice, so that readers can tell "none" from "not known yet".
  const placeholders = empty.map((addressType): Packed => {
    const slice = existing.find((candidate) => candidate.addressType === addressType);
    return { ...(slice ? { slice } : {}), addressType, ports: slice?.ports ?? [], endpoints: [] };
  });
  const all = [...kept, ...placeholders];
  return { kept: all, removed: existing.filter((slice) => !all.some((packed) => packed.slice === slice)) };
}

interface Bin {
  readonly slice: EndpointSlice;
  readonly endpoints: Endpoint[];
  readonly changed: boolean;
}

function packGroup(slices: readonly EndpointSlice[], group: EndpointGroup): readonly Packed[] {
  const wanted = new Map(group.endpoints.map((endpoint) => [identityOf(endpoint), endpoint]));
  const bins = slices.map((slice) => keepIn(slice, wanted));
  const rest = fill(bins, [...wanted.values()]);
  const { addressType, ports } = group;
  const filled = bins
    .filter(({ endpoints }) => endpoints.length > 0)
    .map(({ slice, endpoints }) => ({ slice, addressType, ports, endpoints }));
  const added: Packed[] = [];
  for (let start = 0; start < rest.length; start += MAX_ENDPOINTS) {
    added.push({ addressType, ports, endpoints: rest.slice(start, start + MAX_ENDPOINTS) });
  }
  return [...filled, ...added];
}

/** What stays in a slice, as it is now. Takes it out of `wanted`. */
function keepIn(slice: EndpointSlice, wanted: Map<string, Endpoint>): Bin {
  const before = slice.endpoints ?? [];
  const endpoints = before.flatMap((endpoint) => {
    const now = wanted.get(identityOf(endpoint));
    wanted.delete(identityOf(endpoint));
    return now ? [now] : [];
  });
  return { slice, endpoints, changed: !isDeepStrictEqual(endpoints, before) };
}

/** Slices that are written anyway first, the fullest of the others only if it takes all the rest. Returns what found no place. */
function fill(bins: readonly Bin[], endpoints: readonly Endpoint[]): readonly Endpoint[] {
  const rest = [...endpoints];
  const put = ({ endpoints: into }: Bin): void => {
    into.push(...rest.splice(0, MAX_ENDPOINTS - into.length));
  };
  for (const bin of bins) if (bin.changed) put(bin);
  const fits = bins.filter((bin) => !bin.changed && bin.endpoints.length + rest.length <= MAX_ENDPOINTS);
  const fullest = fits.toSorted((a, b) => b.endpoints.length - a.endpoints.length)[0];
  if (fullest) put(fullest);
  return rest;
}
