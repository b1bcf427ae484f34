/** IPv4 addresses and blocks. */
import ipaddr from 'ipaddr.js';

/** Whether `address` lies in `cidr`. Throws when one of them is malformed. */
export function contains(cidr: string, address: string): boolean {
  return ipaddr.IPv4.parse(address).match(ipaddr.IPv4.parseCIDR(cidr));
}

/** The first address of a block, which no pod is given. */
export function networkAddress(cidr: string): string {
  return ipaddr.IPv4.networkAddressFromCIDR(cidr).toString();
}

export function overlaps(one: string, other: string): boolean {
  return contains(one, networkAddress(other)) || contains(other, networkAddress(one));
}

export function isIPv4(text: string): boolean {
  return ipaddr.IPv4.isValidFourPartDecimal(text);
}

export function isIPv4Cidr(text: string): boolean {
  const [address = '', ...rest] = text.split('/');
  return rest.length === 1 && isIPv4(address) && ipaddr.IPv4.isValidCIDR(text);
}

/** A locally administered hardware address that every node derives alike. */
export function hardwareAddress(address: string): string {
  const bytes = ipaddr.IPv4.parse(address).toByteArray();
  return ['02', 'd0', ...bytes.map((byte) => byte.toString(16).padStart(2, '0'))].join(':');
}
