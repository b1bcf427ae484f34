/**
 * The fixed part of the table: hooks, sets, maps and the few rules that look them up. What changes while services come and
 * go are elements, and one chain for each distinct number of backends.
 */
import { createHash } from 'node:crypto';
import { FAMILIES, type Family, type Protocol, PROTOCOLS } from './frontends.ts';
import type { NftStep } from './port.ts';

export const TABLE = 'dure';
/** Client addresses are spread over this many slots when they are to keep their backend. */
export const STICKY_SLOTS = 128;
/** The bit of a packet's mark that asks for this node's address as source. */
const MASQUERADE_MARK = '0x4000';
const WITHOUT_MASQUERADE_MARK = '0xffffbfff';
const ADDRESS_KEY = 'ip daddr . meta l4proto . th dport';
const PORT_KEY = 'meta l4proto . th dport';

export interface LayoutOptions {
  clusterCidr: string;
  serviceCidr: string;
  /** The bridge of this node's pods. */
  bridge: string;
  /** The tunnel to nodes that don't share a link with this one. */
  tunnel: string;
}

export interface Layout {
  /** Names the layout: a table that has this chain was laid out by these very steps. */
  marker: string;
  steps: NftStep[];
}

export function layoutOf(options: LayoutOptions): Layout {
  const steps = [...sets(), ...chains(options)];
  const digest = createHash('sha256').update(JSON.stringify(steps)).digest('hex').slice(0, 12);
  const marker = `layout_${digest}`;
  return { marker, steps: [...steps, { step: 'add-chain', chain: marker }] };
}

export function isPortFamily(family: Family): boolean {
  return family.endsWith('nodeports');
}

/**
 * The backends of a family's frontends of one protocol, by frontend and slot. In nft 1.0.6 the data of such a map must
 * name its protocol, and a rule that uses it matches no other.
 */
export function slotsOf(family: Family, protocol: Protocol): string {
  return `${family}_${protocol}_slots`;
}

export function refusedOf(family: Family): 'refused' | 'refused_ports' {
  return isPortFamily(family) ? 'refused_ports' : 'refused';
}

export interface BalancerShape {
  protocol: Protocol;
  slots: number;
  sticky: boolean;
  masquerade: boolean;
}

/** The chain that picks one of `slots` backends, such as `services_tcp_3`; `m` masquerades, `h` hashes the client's address. */
export function balancerChain(family: Family, { protocol, slots, sticky, masquerade }: BalancerShape): string {
  return `${family}_${protocol}_${masquerade ? 'm' : ''}${sticky ? 'h' : ''}${slots}`;
}

export function isBalancerChain(chain: string): boolean {
  return FAMILIES.some((family) => chain.startsWith(`${family}_`)) && /_(tcp|udp|sctp)_m?h?\d+$/.test(chain);
}

export function balancerSteps(family: Family, shape: BalancerShape): NftStep[] {
  const chain = balancerChain(family, shape);
  const key = isPortFamily(family) ? PORT_KEY : ADDRESS_KEY;
  const slot = shape.sticky ? `jhash ip saddr mod ${shape.slots} seed 0x64757265` : `numgen random mod ${shape.slots}`;
  const mark = shape.masquerade ? `meta mark set meta mark or ${MASQUERADE_MARK} ` : '';
  return [
    { step: 'add-chain', chain },
    { step: 'add-rule', chain, rule: `${mark}dnat ip to ${key} . ${slot} map @${slotsOf(family, shape.protocol)}` },
  ];
}

function sets(): NftStep[] {
  const maps = FAMILIES.flatMap((family): NftStep[] => {
    const key = isPortFamily(family) ? PORT_KEY : ADDRESS_KEY;
    const slotKey = `${key} . numgen random mod 65536`;
    return [
      { step: 'add-set', set: family, type: `typeof ${key} : verdict` },
      ...PROTOCOLS.map((protocol): NftStep => {
        const type = `typeof ${slotKey} : ip daddr . ${protocol} dport`;
        return { step: 'add-set', set: slotsOf(family, protocol), type };
      }),
    ];
  });
  return [
    ...maps,
    { step: 'add-set', set: 'refused', type: 'type ipv4_addr . inet_proto . inet_service' },
    { step: 'add-set', set: 'refused_ports', type: 'type inet_proto . inet_service' },
    { step: 'add-set', set: 'hairpins', type: 'type ipv4_addr . ipv4_addr' },
    { step: 'add-set', set: 'restricted', type: 'type ipv4_addr . inet_proto . inet_service' },
    {
      step: 'add-set',
      set: 'allowed',
      type: 'type ipv4_addr . inet_proto . inet_service . ipv4_addr ; flags interval',
    },
  ];
}

function chains(options: LayoutOptions): NftStep[] {
  const { clusterCidr, serviceCidr } = options;
  return [
    ...chain('refuse', undefined, ['meta l4proto tcp reject with tcp reset', 'reject with icmp type port-unreachable']),
    ...chain('outside', undefined, [
      `${ADDRESS_KEY} vmap @local_services`,
      `fib daddr type local ${PORT_KEY} vmap @local_nodeports`,
    ]),
    ...chain('dispatch', undefined, [
      `ip saddr != ${clusterCidr} fib saddr type != local jump outside`,
      `${ADDRESS_KEY} vmap @services`,
      `fib daddr type local ${PORT_KEY} vmap @nodeports`,
    ]),
    ...chain('prerouting', 'type nat hook prerouting priority -100', ['jump dispatch']),
    ...chain('output', 'type nat hook output priority -100', ['jump dispatch']),
    ...chain('postrouting', 'type nat hook postrouting priority 100', postroutingRules(options)),
    ...chain('guard', 'type filter hook prerouting priority -300', [
      'iif != "lo" ip daddr 127.0.0.0/8 drop',
      `${ADDRESS_KEY} @restricted ${ADDRESS_KEY} . ip saddr != @allowed drop`,
    ]),
    ...chain('refusals', undefined, [
      `${ADDRESS_KEY} @refused goto refuse`,
      `fib daddr type local ${PORT_KEY} @refused_ports goto refuse`,
      `ip daddr ${serviceCidr} fib daddr type != local goto refuse`,
    ]),
    ...['input', 'forward', 'output'].flatMap((hook) =>
      chain(`filter_${hook}`, `type filter hook ${hook} priority 0`, ['ct state new jump refusals']),
    ),
  ];
}

/** Source addresses are rewritten only where an answer could not find its way back otherwise. */
function postroutingRules({ clusterCidr, serviceCidr, bridge, tunnel }: LayoutOptions): string[] {
  return [
    `meta mark and ${MASQUERADE_MARK} != 0 meta mark set meta mark and ${WITHOUT_MASQUERADE_MARK} masquerade`,
    'ct status dnat ip saddr . ip daddr @hairpins masquerade',
    `ct status dnat ct original ip daddr ${serviceCidr} ip saddr != ${clusterCidr} fib saddr type != local masquerade`,
    'ct status dnat ip saddr 127.0.0.0/8 oifname != "lo" masquerade',
    `oifname "${tunnel}" ip saddr != ${clusterCidr} masquerade`,
    `ip saddr ${clusterCidr} ip daddr != { ${clusterCidr}, ${serviceCidr}, 224.0.0.0/4 } oifname != { "${bridge}", "lo" } masquerade`,
  ];
}

function chain(name: string, hook: string | undefined, rules: readonly string[]): NftStep[] {
  return [
    { step: 'add-chain', chain: name, ...(hook && { hook }) },
    ...rules.map((rule): NftStep => ({ step: 'add-rule', chain: name, rule })),
  ];
}
