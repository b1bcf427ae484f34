/**
 * The fixed part of the table: hooks, sets, maps and the few rules that look them up. What changes while services come and
 * go are elements, and one chain for each distinct number of backends.
 */
import { createHash } from 'node:crypto';
import { FAMILIES, type Family, type Protocol, PROTOCOLS } from './frontends.ts';
import type { NftStep } from './port.ts';

export const TABLE = 'dure';
/** A service with session affinity has at most so many backends; it leaves out others. */
export const MOST_PLACES = 0x2000;
/** The bit of a packet's mark that asks for this node's address as source. */
const MASQUERADE_MARK = 0x4000;
const WITHOUT_MASQUERADE_MARK = '0xffffbfff';
const ADDRESS_KEY = 'ip daddr . meta l4proto . th dport';
const PORT_KEY = 'meta l4proto . th dport';
/** Clients that each family remembers; others are sent anywhere. */
const REMEMBERED_CLIENTS = 65_536;

export interface LayoutOptions {
  clusterCidr: string;
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

/**
 * The backends of frontends with session affinity, by frontend and place. A backend keeps its place while it is there, so a
 * client can be remembered by the number of a place.
 */
export function placesOf(family: Family, protocol: Protocol): string {
  return `${family}_${protocol}_places`;
}

/** The places that have a backend, by frontend and the number drawn. */
export function drawsOf(family: Family): string {
  return `${family}_draws`;
}

/**
 * How a place is written in a packet's mark, where the rules find it again. The bit that asks for masquerading is a part of
 * it, as the rule has no other way to say so; no mark is 0.
 */
export function markOfPlace(place: number, masquerade: boolean): number {
  return MOST_PLACES + place + (masquerade ? MASQUERADE_MARK : 0);
}

export function placeOfMark(mark: number): number {
  return mark % MOST_PLACES;
}

export function refusedOf(family: Family): 'refused' | 'refused_ports' {
  return isPortFamily(family) ? 'refused_ports' : 'refused';
}

export interface BalancerShape {
  protocol: Protocol;
  slots: number;
  affinitySeconds: number | undefined;
  masquerade: boolean;
}

/**
 * The chain that picks one of `slots` backends, such as `services_tcp_3`; `m3` masquerades, `a10800_3` remembers clients for
 * so many seconds.
 */
export function balancerChain(family: Family, { protocol, slots, affinitySeconds, masquerade }: BalancerShape): string {
  const manner = affinitySeconds === undefined ? (masquerade ? 'm' : '') : `a${affinitySeconds}_`;
  return `${family}_${protocol}_${manner}${slots}`;
}

export function isBalancerChain(chain: string): boolean {
  return FAMILIES.some((family) => chain.startsWith(`${family}_`)) && /_(tcp|udp|sctp)_(m|a\d+_)?\d+$/.test(chain);
}

export function balancerSteps(family: Family, shape: BalancerShape): NftStep[] {
  const chain = balancerChain(family, shape);
  if (shape.affinitySeconds !== undefined) return rememberingSteps(family, chain, shape.affinitySeconds, shape);
  const key = keyOf(family);
  const slot = `numgen random mod ${shape.slots}`;
  const mark = shape.masquerade ? `meta mark set meta mark or ${MASQUERADE_MARK} ` : '';
  return [
    { step: 'add-chain', chain },
    { step: 'add-rule', chain, rule: `${mark}dnat ip to ${key} . ${slot} map @${slotsOf(family, shape.protocol)}` },
  ];
}

/**
 * First whoever is remembered, for as long as his place has a backend; his time begins anew. Others draw a place, and are
 * remembered unless there is no room. A rule ends at its first lookup that finds nothing, and the next one is tried; what is
 * known of a client is not replaced by adding, so it is removed first, which ends the rule when there was nothing.
 */
function rememberingSteps(
  family: Family,
  chain: string,
  seconds: number,
  { protocol, slots }: Pick<BalancerShape, 'protocol' | 'slots'>,
): NftStep[] {
  const key = keyOf(family);
  const clients = `@${affinityOf(family)}`;
  const client = `ip saddr . ${key}`;
  const draw = `meta mark set ${key} . numgen random mod ${slots} map @${drawsOf(family)}`;
  const go = `dnat ip to ${key} . meta mark map @${placesOf(family, protocol)}`;
  const remembered = `${client} timeout ${seconds}s : meta mark`;
  const rules = [
    `meta mark set ${client} map ${clients} update ${clients} { ${remembered} } ${go}`,
    `${draw} delete ${clients} { ${client} : meta mark }`,
    `add ${clients} { ${remembered} } ${go}`,
    `${draw} ${go}`,
  ];
  return [{ step: 'add-chain', chain }, ...rules.map((rule): NftStep => ({ step: 'add-rule', chain, rule }))];
}

function keyOf(family: Family): string {
  return isPortFamily(family) ? PORT_KEY : ADDRESS_KEY;
}

/** The place of each client and frontend. The rules fill it themselves. */
function affinityOf(family: Family): string {
  return `${family}_affinity`;
}

function affinitySets(family: Family): NftStep[] {
  const key = keyOf(family);
  const client = isPortFamily(family) ? 'ipv4_addr' : 'ipv4_addr . ipv4_addr';
  const type = `type ${client} . inet_proto . inet_service : mark ; flags dynamic,timeout ; size ${REMEMBERED_CLIENTS}`;
  return [
    { step: 'add-set', set: affinityOf(family), type },
    { step: 'add-set', set: drawsOf(family), type: `typeof ${key} . numgen random mod 65536 : meta mark` },
    ...PROTOCOLS.map((protocol): NftStep => {
      const places = `typeof ${key} . meta mark : ip daddr . ${protocol} dport`;
      return { step: 'add-set', set: placesOf(family, protocol), type: places };
    }),
  ];
}

function sets(): NftStep[] {
  const maps = FAMILIES.flatMap((family): NftStep[] => {
    const key = keyOf(family);
    const slotKey = `${key} . numgen random mod 65536`;
    return [
      { step: 'add-set', set: family, type: `typeof ${key} : verdict` },
      ...PROTOCOLS.map((protocol): NftStep => {
        const type = `typeof ${slotKey} : ip daddr . ${protocol} dport`;
        return { step: 'add-set', set: slotsOf(family, protocol), type };
      }),
      ...affinitySets(family),
    ];
  });
  return [
    ...maps,
    { step: 'add-set', set: 'refused', type: 'type ipv4_addr . inet_proto . inet_service' },
    { step: 'add-set', set: 'refused_ports', type: 'type inet_proto . inet_service' },
    { step: 'add-set', set: 'hairpins', type: 'type ipv4_addr . ipv4_addr' },
    { step: 'add-set', set: 'service_blocks', type: 'type ipv4_addr ; flags interval' },
    { step: 'add-set', set: 'restricted', type: 'type ipv4_addr . inet_proto . inet_service' },
    {
      step: 'add-set',
      set: 'allowed',
      type: 'type ipv4_addr . inet_proto . inet_service . ipv4_addr ; flags interval',
    },
  ];
}

function chains(options: LayoutOptions): NftStep[] {
  const { clusterCidr } = options;
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
      'ip daddr @service_blocks fib daddr type != local goto refuse',
    ]),
    ...['input', 'forward', 'output'].flatMap((hook) =>
      chain(`filter_${hook}`, `type filter hook ${hook} priority 0`, ['ct state new jump refusals']),
    ),
  ];
}

/** Source addresses are rewritten only where an answer could not find its way back otherwise. */
function postroutingRules({ clusterCidr, bridge, tunnel }: LayoutOptions): string[] {
  return [
    `meta mark and ${MASQUERADE_MARK} != 0 meta mark set meta mark and ${WITHOUT_MASQUERADE_MARK} masquerade`,
    'ct status dnat ip saddr . ip daddr @hairpins masquerade',
    `ct status dnat ct original ip daddr @service_blocks ip saddr != ${clusterCidr} fib saddr type != local masquerade`,
    'ct status dnat ip saddr 127.0.0.0/8 oifname != "lo" masquerade',
    `oifname "${tunnel}" ip saddr != ${clusterCidr} masquerade`,
    `ip saddr ${clusterCidr} ip daddr != { ${clusterCidr}, 224.0.0.0/4 } ip daddr != @service_blocks oifname != { "${bridge}", "lo" } masquerade`,
  ];
}

function chain(name: string, hook: string | undefined, rules: readonly string[]): NftStep[] {
  return [
    { step: 'add-chain', chain: name, ...(hook && { hook }) },
    ...rules.map((rule): NftStep => ({ step: 'add-rule', chain: name, rule })),
  ];
}
