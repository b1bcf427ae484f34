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

/** A test whether addresses lie in `cidr` that is quick enough for every packet. What is no IPv4 address does not. */
export function blockTest(cidr: string): (address: string) => boolean {
  const [network, bits] = ipaddr.IPv4.parseCIDR(cidr);
  const mask = bits === 0 ? 0 : (~0 << (32 - bits)) >>> 0;
  const wanted = (numberOf(network.toString()) & mask) >>> 0;
  return (address) => (numberOf(address) & mask) >>> 0 === wanted && isIPv4(address);
}

function numberOf(address: string): number {
  let number = 0;
  let part = 0;
  for (let index = 0; index < address.length; index++) {
    const code = address.charCodeAt(index);
    if (code === 46) {
      number = number * 256 + part;
      part = 0;
    } else part = part * 10 + code - 48;
  }
  return number * 256 + part;
}
