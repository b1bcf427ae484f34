/** Who may reach a service through its load balancer's addresses: `loadBalancerSourceRanges`, as elements of two sets. */
import type { Service } from '../../api/types/core.v1.ts';
import { balancerAddresses, PROTOCOLS } from './frontends.ts';

/** Set and key of an element. */
export interface Guard {
  readonly set: 'restricted' | 'allowed';
  readonly key: string;
}

interface Range {
  readonly network: number;
  readonly bits: number;
}

const WIDTH = 32;

export function guardsOf(service: Service): Guard[] {
  const { spec } = service;
  const ranges = distinct((spec?.loadBalancerSourceRanges ?? []).flatMap((text) => parseRange(text.trim()) ?? []));
  if (ranges.length === 0 || ranges.some(({ bits }) => bits === 0)) return [];
  const keys = balancerAddresses(service).flatMap((address) =>
    (spec?.ports ?? []).flatMap(({ port, protocol = 'TCP' }) => {
      const known = PROTOCOLS.find((each) => each === protocol.toLowerCase());
      return known ? [`${address} . ${known} . ${port}`] : [];
    }),
  );
  return keys.flatMap((key) => [
    { set: 'restricted' as const, key },
    ...ranges.map((range) => ({ set: 'allowed' as const, key: `${key} . ${rangeText(range)}` })),
  ]);
}

/** Undefined for what is no range of IPv4: the frontends are of that family alone. */
function parseRange(text: string): Range | undefined {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\/(\d{1,2})$/.exec(text);
  if (!match) return undefined;
  const bytes = match.slice(1, 5).map(Number);
  const bits = Number(match[5]);
  if (bits > WIDTH || bytes.some((byte) => byte > 255)) return undefined;
  const address = bytes.reduce((sum, byte) => sum * 256 + byte, 0);
  return { network: networkOf(address, bits), bits };
}

function networkOf(address: number, bits: number): number {
  const size = 2 ** (WIDTH - bits);
  return Math.floor(address / size) * size;
}

/** The kernel takes no range twice: those within others are left out. */
function distinct(ranges: readonly Range[]): Range[] {
  return ranges.filter((range, at) =>
    ranges.every((other, otherAt) => {
      const isWithin = other.bits <= range.bits && networkOf(range.network, other.bits) === other.network;
      const isSame = isWithin && other.bits === range.bits;
      return at === otherAt || !isWithin || (isSame && at < otherAt);
    }),
  );
}

/** As the kernel lists it: a single address has no length. */
function rangeText({ network, bits }: Range): string {
  const address = [24, 16, 8, 0].map((shift) => Math.floor(network / 2 ** shift) % 256).join('.');
  return bits === WIDTH ? address : `${address}/${bits}`;
}
