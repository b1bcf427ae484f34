/** IP addresses and ranges, in the strict forms the API takes. */
import ipaddr from 'ipaddr.js';

const INVALID_IP = 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)';
const INVALID_CIDR = 'must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)';

export function isIPv4(text: string): boolean {
  return ipaddr.IPv4.isValidFourPartDecimal(text) && !/(^|\.)0\d/.test(text);
}

export function isIPv6(text: string): boolean {
  return text.includes(':') && !text.includes('%') && ipaddr.IPv6.isValid(text);
}

export function checkIP(text: string): string[] {
  return isIPv4(text) || isIPv6(text) ? [] : [INVALID_IP];
}

export function checkCidr(text: string): string[] {
  const [address = '', bits = '', ...rest] = text.split('/');
  const most = isIPv4(address) ? 32 : isIPv6(address) ? 128 : -1;
  const isValid = rest.length === 0 && /^\d{1,3}$/.test(bits) && Number(bits) <= most;
  return isValid ? [] : [INVALID_CIDR];
}

/** An address in the one form that names and new fields take. */
export function checkCanonicalIP(text: string): string[] {
  const wrong = checkIP(text);
  if (wrong.length > 0) return wrong;
  const address = ipaddr.parse(text);
  if (address instanceof ipaddr.IPv6 && address.isIPv4MappedAddress()) {
    return ['must not be an IPv4-mapped IPv6 address'];
  }
  const canonical = canonicalIP(address);
  return text === canonical ? [] : [`must be in canonical form ("${canonical}")`];
}

/** A range in the one form that new fields take. */
export function checkCanonicalCidr(text: string): string[] {
  const wrong = checkCidr(text);
  if (wrong.length > 0) return wrong;
  const [address, bits] = ipaddr.parseCIDR(text);
  if (/\/0\d/.test(text)) return ['must not have leading 0s in IP or prefix length'];
  if (address instanceof ipaddr.IPv6 && address.isIPv4MappedAddress()) {
    return ['must not have an IPv4-mapped IPv6 address'];
  }
  const network =
    address.kind() === 'ipv4' ? ipaddr.IPv4.networkAddressFromCIDR(text) : ipaddr.IPv6.networkAddressFromCIDR(text);
  if (address.toNormalizedString() !== network.toNormalizedString()) {
    return ['must not have bits set beyond the prefix length'];
  }
  const canonical = `${canonicalIP(address)}/${bits}`;
  return text === canonical ? [] : [`must be in canonical form ("${canonical}")`];
}

/** An address with the length of its network's prefix, as an interface has it. */
export function checkInterfaceAddress(text: string): string[] {
  if (checkCidr(text).length > 0) {
    return ['must be a valid address in CIDR form, (e.g. 10.9.8.7/24 or 2001:db8::1/64)'];
  }
  const [address, bits] = ipaddr.parseCIDR(text);
  const isMapped = address instanceof ipaddr.IPv6 && address.isIPv4MappedAddress();
  const canonical = isMapped
    ? `${address.toIPv4Address().toString()}/${bits > 32 ? bits - 96 : bits}`
    : `${canonicalIP(address)}/${bits}`;
  return text === canonical ? [] : [`must be in canonical form ("${canonical}")`];
}

function canonicalIP(address: ipaddr.IPv4 | ipaddr.IPv6): string {
  return address instanceof ipaddr.IPv6 ? address.toRFC5952String() : address.toString();
}

/** Addresses to which no traffic of others may be sent (Kubernetes `ValidateEndpointIP`). */
export function checkNonSpecialIP(text: string): string[] {
  if (checkIP(text).length > 0) return ['must be a valid IP address'];
  // A mapped address leads where the one it holds does.
  const address = ipaddr.process(text);
  if (address.toByteArray().every((byte) => byte === 0)) return [`may not be unspecified (${text})`];
  const range = address.range();
  if (range === 'loopback') return ['may not be in the loopback range (127.0.0.0/8, ::1/128)'];
  if (range === 'linkLocal') return ['may not be in the link-local range (169.254.0.0/16, fe80::/10)'];
  if (isLinkLocalMulticast(address)) {
    return ['may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)'];
  }
  return [];
}

/** Multicast that routers pass on is no matter of one link. */
function isLinkLocalMulticast(address: ipaddr.IPv4 | ipaddr.IPv6): boolean {
  const [first = 0, second = 0, third = 0] = address.toByteArray();
  if (address.kind() === 'ipv4') return first === 224 && second === 0 && third === 0;
  return first === 0xff && (second & 0x0f) === 0x02;
}

/** What to say of an address that is valid and had better be written otherwise. */
export function warnOfIP(text: string, path: string): string[] {
  if (checkIP(text).length > 0) return [];
  const address = ipaddr.parse(text);
  if (!(address instanceof ipaddr.IPv6)) return [];
  if (address.isIPv4MappedAddress()) {
    const better = address.toIPv4Address().toString();
    return [
      `${path}: non-standard IP address "${text}" will be considered invalid in a future Kubernetes release: use "${better}"`,
    ];
  }
  const canonical = canonicalIP(address);
  return text === canonical
    ? []
    : [`${path}: IPv6 address "${text}" should be in RFC 5952 canonical format ("${canonical}")`];
}

/** As {@link warnOfIP}, of a range. */
export function warnOfCidr(text: string, path: string): string[] {
  if (checkCidr(text).length > 0) return [];
  const [address, bits] = ipaddr.parseCIDR(text);
  if (address instanceof ipaddr.IPv6 && address.isIPv4MappedAddress()) {
    const better = `${address.toIPv4Address().toString()}/${Math.max(bits - 96, 0)}`;
    return [
      `${path}: non-standard CIDR value "${text}" will be considered invalid in a future Kubernetes release: use "${better}"`,
    ];
  }
  const isV4 = address.kind() === 'ipv4';
  const network = isV4 ? ipaddr.IPv4.networkAddressFromCIDR(text) : ipaddr.IPv6.networkAddressFromCIDR(text);
  const range = `${canonicalIP(network)}/${bits}`;
  if (address.toNormalizedString() !== network.toNormalizedString()) {
    const single = `${canonicalIP(address)}/${isV4 ? 32 : 128}`;
    return [`${path}: CIDR value "${text}" is ambiguous in this context (should be "${range}" or "${single}"?)`];
  }
  return isV4 || text === range
    ? []
    : [`${path}: IPv6 CIDR value "${text}" should be in RFC 5952 canonical format ("${range}")`];
}
