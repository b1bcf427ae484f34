/** Addresses and networks. */
import ipaddr from 'ipaddr.js';
import { EvaluationError } from '../errors.ts';
import { method, overload, type Overload } from '../functions.ts';
import { BOOL, INT, opaque, STRING } from '../types.ts';
import { Opaque, sizeOf, type Value } from '../values.ts';

const IP = opaque('net.IP');
const CIDR = opaque('net.CIDR');
type Address = ipaddr.IPv4 | ipaddr.IPv6;

class IpValue extends Opaque {
  readonly typeName = 'net.IP';
  readonly address: Address;

  constructor(address: Address) {
    super();
    this.address = address;
  }

  get text(): string {
    return this.address.kind() === 'ipv6' ? (this.address as ipaddr.IPv6).toRFC5952String() : this.address.toString();
  }

  equals(other: Opaque): boolean {
    return other instanceof IpValue && other.text === this.text;
  }
}

class CidrValue extends Opaque {
  readonly typeName = 'net.CIDR';
  readonly ip: IpValue;
  readonly bits: number;

  constructor(ip: IpValue, bits: number) {
    super();
    this.ip = ip;
    this.bits = bits;
  }

  get text(): string {
    return `${this.ip.text}/${this.bits}`;
  }

  /** Whether the first `bits` bits of the address are this network's. */
  contains({ address }: IpValue): boolean {
    return (
      address.kind() === this.ip.address.kind() &&
      (address as ipaddr.IPv6).match(this.ip.address as ipaddr.IPv6, this.bits)
    );
  }

  masked(): CidrValue {
    const bytes = this.ip.address.toByteArray().map((byte, index) => {
      const kept = Math.max(0, Math.min(8, this.bits - index * 8));
      return byte & (0xff << (8 - kept)) & 0xff;
    });
    return new CidrValue(new IpValue(ipaddr.fromByteArray(bytes)), this.bits);
  }

  equals(other: Opaque): boolean {
    return other instanceof CidrValue && other.text === this.text;
  }
}

const DOTTED = /^(?:(?:0|[1-9]\d{0,2})\.){3}(?:0|[1-9]\d{0,2})$/;

/** What is wrong with the text, or the address. */
function parseIp(text: string): IpValue | string {
  const unreadable = `IP Address ${JSON.stringify(text)} parse error during conversion from string: ParseAddr(${JSON.stringify(text)}): unable to parse IP`;
  if (text.includes('%')) return `IP address ${JSON.stringify(text)} with zone value is not allowed`;
  const isFour = DOTTED.test(text) && ipaddr.IPv4.isValid(text);
  if (!isFour && !(text.includes(':') && ipaddr.IPv6.isValid(text))) return unreadable;
  const address = ipaddr.parse(text);
  if (address.kind() === 'ipv6' && (address as ipaddr.IPv6).isIPv4MappedAddress()) {
    return `IPv4-mapped IPv6 address ${JSON.stringify(text)} is not allowed`;
  }
  return new IpValue(address);
}

function parseCidr(text: string): CidrValue | string {
  const slash = text.lastIndexOf('/');
  const unreadable = `network address parse error during conversion from string: netip.ParsePrefix(${JSON.stringify(text)}): invalid network`;
  const bits = text.slice(slash + 1);
  if (slash < 0 || !/^(?:0|[1-9]\d{0,2})$/.test(bits)) return unreadable;
  const ip = parseIp(text.slice(0, slash));
  if (typeof ip === 'string') return ip.startsWith('IPv4-mapped') ? ip : unreadable;
  const most = ip.address.kind() === 'ipv4' ? 32 : 128;
  return Number(bits) > most ? unreadable : new CidrValue(ip, Number(bits));
}

function orFail<T extends Opaque>(value: T | string): T {
  if (typeof value === 'string') throw new EvaluationError(value);
  return value;
}

function isGlobalUnicast({ address }: IpValue): boolean {
  const range = address.range();
  if (range === 'unspecified' || range === 'loopback' || range === 'multicast' || range === 'linkLocal') return false;
  return range !== 'broadcast';
}

function isLinkLocalMulticast({ address }: IpValue): boolean {
  const bytes = address.toByteArray();
  if (address.kind() === 'ipv4') return bytes[0] === 224 && bytes[1] === 0 && bytes[2] === 0;
  return bytes[0] === 0xff && ((bytes[1] ?? 0) & 0x0f) === 2;
}

function traversal([text]: readonly Value[]): number {
  return Math.max(1, Math.ceil(sizeOf(text) * 0.1));
}

function containsCidr(outer: CidrValue, inner: CidrValue): boolean {
  return inner.bits >= outer.bits && outer.contains(inner.ip);
}

function property(name: string, holds: (ip: IpValue) => boolean): Overload {
  return method<[IpValue]>(name, { params: [IP], result: BOOL }, ([ip]) => holds(ip));
}

const FROM_TEXT = { params: [STRING], result: BOOL, cost: traversal };

export const ipLibrary: readonly Overload[] = [
  overload<[string]>('ip', { ...FROM_TEXT, result: IP }, ([text]) => orFail(parseIp(text))),
  overload<[string]>('isIP', FROM_TEXT, ([text]) => typeof parseIp(text) !== 'string'),
  overload<[string]>('ip.isCanonical', FROM_TEXT, ([text]) => orFail(parseIp(text)).text === text),
  method<[IpValue]>('family', { params: [IP], result: INT }, ([ip]) => (ip.address.kind() === 'ipv4' ? 4n : 6n)),
  property('isUnspecified', ({ address }) => address.range() === 'unspecified'),
  property('isLoopback', ({ address }) => address.range() === 'loopback'),
  property('isLinkLocalUnicast', ({ address }) => address.range() === 'linkLocal'),
  property('isLinkLocalMulticast', isLinkLocalMulticast),
  property('isGlobalUnicast', isGlobalUnicast),
  overload<[IpValue]>('string', { params: [IP], result: STRING }, ([ip]) => ip.text),
  overload<[string]>('cidr', { ...FROM_TEXT, result: CIDR }, ([text]) => orFail(parseCidr(text))),
  overload<[string]>('isCIDR', FROM_TEXT, ([text]) => typeof parseCidr(text) !== 'string'),
  method<[CidrValue, string]>('containsIP', { params: [CIDR, STRING], result: BOOL }, ([cidr, text]) => {
    return cidr.contains(orFail(parseIp(text)));
  }),
  method<[CidrValue, IpValue]>('containsIP', { params: [CIDR, IP], result: BOOL }, ([cidr, ip]) => cidr.contains(ip)),
  method<[CidrValue, string]>('containsCIDR', { params: [CIDR, STRING], result: BOOL }, ([cidr, text]) => {
    return containsCidr(cidr, orFail(parseCidr(text)));
  }),
  method<[CidrValue, CidrValue]>('containsCIDR', { params: [CIDR, CIDR], result: BOOL }, ([outer, inner]) => {
    return containsCidr(outer, inner);
  }),
  method<[CidrValue]>('ip', { params: [CIDR], result: IP }, ([cidr]) => cidr.ip),
  method<[CidrValue]>('prefixLength', { params: [CIDR], result: INT }, ([cidr]) => BigInt(cidr.bits)),
  method<[CidrValue]>('masked', { params: [CIDR], result: CIDR }, ([cidr]) => cidr.masked()),
  overload<[CidrValue]>('string', { params: [CIDR], result: STRING }, ([cidr]) => cidr.text),
];
