/** How this node reaches the pods of the others: what is wanted, and the steps from what is there to it. Pure. */
import type { Node } from '../../api/types/core.v1.ts';
import { contains, hardwareAddress, isIPv4, isIPv4Cidr, networkAddress, overlaps } from './address.ts';

/** Bytes that VXLAN over IPv4 adds to a packet. */
export const TUNNEL_OVERHEAD = 50;

export interface Peer {
  name: string;
  podCidr: string;
  address: string;
}

/** The device that holds this node's address. */
export interface Uplink {
  device: string;
  address: string;
  /** The block that is reached without a router: `192.0.2.7/24`. */
  cidr: string;
  mtu: number;
}

export interface Tunnel {
  local: string;
  hardware: string;
  /** The address of its end, the first of the node's own pod CIDR. */
  address: string;
  mtu: number;
}

export interface RouteState {
  /** By destination block. */
  routes: Map<string, Route>;
  tunnel: Tunnel | undefined;
  /** Hardware address of a tunnel's far end by its address, and the node behind each hardware address. */
  neighbours: Map<string, string>;
  forwarding: Map<string, string>;
}

/** `via` a neighbour on the link, or through the tunnel; or to a device alone with the source address to use. */
export interface Route {
  device: string;
  via?: string;
  source?: string;
}

export type RouteStep =
  | { step: 'add-tunnel'; tunnel: Tunnel }
  | { step: 'remove-tunnel' }
  | { step: 'set-route'; destination: string; route: Route }
  | { step: 'remove-route'; destination: string }
  | { step: 'set-neighbour'; address: string; hardware: string }
  | { step: 'remove-neighbour'; address: string }
  | { step: 'set-forwarding'; hardware: string; to: string }
  | { step: 'remove-forwarding'; hardware: string; to: string };

export interface Wanted extends RouteState {
  /** Nodes that can't be reached, each with the reason. */
  refused: { name: string; reason: string }[];
}

export interface WantedOptions {
  podCidr: string;
  /** Where cluster addresses of services come from. */
  serviceBlocks: readonly string[];
  uplink: Uplink;
  tunnelDevice: string;
  peers: Iterable<Peer>;
}

export function wantedRoutes({ podCidr, serviceBlocks, uplink, tunnelDevice, peers }: WantedOptions): Wanted {
  const wanted: Wanted = {
    routes: new Map(),
    tunnel: undefined,
    neighbours: new Map(),
    forwarding: new Map(),
    refused: [],
  };
  // The node's own connections to services need a route before their destination is rewritten.
  for (const block of serviceBlocks) wanted.routes.set(block, { device: 'lo', source: uplink.address });
  const tunnelAddress = networkAddress(podCidr);
  for (const peer of peers) {
    const reason = refusal(peer, podCidr, wanted.routes);
    if (reason !== undefined) {
      wanted.refused.push({ name: peer.name, reason });
      continue;
    }
    if (contains(uplink.cidr, peer.address)) {
      wanted.routes.set(peer.podCidr, { device: uplink.device, via: peer.address });
      continue;
    }
    const far = networkAddress(peer.podCidr);
    const hardware = hardwareAddress(peer.address);
    wanted.tunnel ??= {
      local: uplink.address,
      hardware: hardwareAddress(uplink.address),
      address: tunnelAddress,
      mtu: uplink.mtu - TUNNEL_OVERHEAD,
    };
    wanted.routes.set(peer.podCidr, { device: tunnelDevice, via: far, source: tunnelAddress });
    wanted.neighbours.set(far, hardware);
    wanted.forwarding.set(hardware, peer.address);
  }
  return wanted;
}

/** Steps from `observed` to `wanted`; what is right already is not touched. */
export function planRoutes(observed: RouteState, wanted: RouteState): RouteStep[] {
  const sameTunnel = JSON.stringify(observed.tunnel) === JSON.stringify(wanted.tunnel);
  const steps: RouteStep[] = [];
  if (observed.tunnel && !sameTunnel) steps.push({ step: 'remove-tunnel' });
  if (wanted.tunnel && !sameTunnel) steps.push({ step: 'add-tunnel', tunnel: wanted.tunnel });
  // What hung on a tunnel went with it.
  const gone = observed.tunnel !== undefined && !sameTunnel;
  const neighbours = gone ? new Map<string, string>() : observed.neighbours;
  const forwarding = gone ? new Map<string, string>() : observed.forwarding;

  for (const [address, hardware] of wanted.neighbours)
    if (neighbours.get(address) !== hardware) steps.push({ step: 'set-neighbour', address, hardware });
  for (const [hardware, to] of wanted.forwarding)
    if (forwarding.get(hardware) !== to) steps.push({ step: 'set-forwarding', hardware, to });
  const routes = new Map([...observed.routes].filter(([, { source }]) => !gone || source !== observed.tunnel?.address));
  for (const [destination, route] of wanted.routes) {
    const before = routes.get(destination);
    if (!before || !sameRoute(before, route)) steps.push({ step: 'set-route', destination, route });
  }
  for (const destination of routes.keys())
    if (!wanted.routes.has(destination)) steps.push({ step: 'remove-route', destination });
  if (!wanted.tunnel) return steps;
  for (const address of neighbours.keys())
    if (!wanted.neighbours.has(address)) steps.push({ step: 'remove-neighbour', address });
  for (const [hardware, to] of forwarding)
    if (!wanted.forwarding.has(hardware)) steps.push({ step: 'remove-forwarding', hardware, to });
  return steps;
}

/** The node as a peer; undefined while it has no pod CIDR or address. */
export function peerOf(node: Node): Peer | undefined {
  const podCidr = node.spec?.podCIDR;
  const address = node.status?.addresses?.find(
    (candidate) => candidate.type === 'InternalIP' && isIPv4(candidate.address),
  )?.address;
  return podCidr && address ? { name: node.metadata.name ?? '', podCidr, address } : undefined;
}

function refusal({ podCidr, address }: Peer, own: string, routes: ReadonlyMap<string, Route>): string | undefined {
  if (!isIPv4Cidr(podCidr)) return `its pod CIDR ${podCidr} is no IPv4 block`;
  if (overlaps(podCidr, own)) return `its pod CIDR ${podCidr} overlaps with this node's own ${own}`;
  if (routes.has(podCidr)) return `its pod CIDR ${podCidr} is in use already`;
  return isIPv4(address) ? undefined : `its address ${address} is no IPv4 address`;
}

function sameRoute(one: Route, other: Route): boolean {
  return one.device === other.device && one.via === other.via && one.source === other.source;
}
