/** Which endpoints of a service port take new connections. */
import type { ServicePort } from '../../api/types/core.v1.ts';
import type { Endpoint, EndpointSlice } from '../../api/types/discovery.v1.ts';

export interface UsableEndpoints {
  /** `address . port`, sorted, each once. */
  all: string[];
  /** Those on this node. */
  local: string[];
}

interface Candidate {
  backend: string;
  ready: boolean;
  /** Shutting down but still answering. */
  draining: boolean;
  local: boolean;
}

/**
 * Ready endpoints; when there is none, those that are terminating but serving (for the node's own, judged by
 * themselves). The words are those of the EndpointSlice API: an absent `ready` means ready, an absent `serving` as `ready`.
 */
export function usableEndpoints(slices: Iterable<EndpointSlice>, port: ServicePort, nodeName: string): UsableEndpoints {
  const candidates = [...slices].flatMap((slice) => candidatesOf(slice, port, nodeName));
  return { all: usable(candidates), local: usable(candidates.filter(({ local }) => local)) };
}

function candidatesOf(slice: EndpointSlice, port: ServicePort, nodeName: string): Candidate[] {
  if (slice.addressType !== 'IPv4') return [];
  const target = slice.ports?.find(
    ({ name, protocol }) => (name ?? '') === (port.name ?? '') && (protocol ?? 'TCP') === (port.protocol ?? 'TCP'),
  )?.port;
  if (target === undefined) return [];
  return (slice.endpoints ?? []).flatMap((endpoint) => {
    const address = endpoint.addresses[0];
    if (address === undefined) return [];
    return [{ backend: `${address} . ${target}`, ...conditionsOf(endpoint), local: endpoint.nodeName === nodeName }];
  });
}

function conditionsOf({ conditions }: Endpoint): { ready: boolean; draining: boolean } {
  const ready = conditions?.ready ?? true;
  return { ready, draining: (conditions?.serving ?? ready) && (conditions?.terminating ?? false) };
}

function usable(candidates: readonly Candidate[]): string[] {
  const ready = candidates.filter((candidate) => candidate.ready);
  const chosen = ready.length > 0 ? ready : candidates.filter(({ draining }) => draining);
  return [...new Set(chosen.map(({ backend }) => backend))].toSorted();
}

/** Addresses of endpoints on this node, sorted, each once. */
export function localAddresses(slices: Iterable<EndpointSlice>, nodeName: string): string[] {
  const endpoints = [...slices].flatMap((slice) => (slice.addressType === 'IPv4' ? (slice.endpoints ?? []) : []));
  const addresses = endpoints
    .filter((endpoint) => endpoint.nodeName === nodeName)
    .map(({ addresses: [first] }) => first);
  return [...new Set(addresses.filter((address) => address !== undefined))].toSorted();
}
