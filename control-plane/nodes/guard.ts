/** Which addresses are dialled when users choose them: none that means this machine, or only its own link. */
import { lookup, type LookupAddress } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import ipaddr from 'ipaddr.js';
import { checkNonSpecialIP } from '../../api/validation/addresses.ts';

/** Throws for a special address; names are looked at when they are looked up. */
export function refuseSpecial(host: string): void {
  const [why] = isIP(host) === 0 ? [] : wrongWith(host);
  if (why !== undefined) throw new Error(`the address ${host} is not dialled: it ${why}`);
}

/** For `net.connect`: as the system's own, without the addresses that are refused. */
export const guardedLookup: LookupFunction = (hostname, options, callback) => {
  lookup(hostname, { ...options, all: true }, (error, found) => {
    const allowed = error ? [] : found.filter(({ address }) => wrongWith(address).length === 0);
    const [first] = allowed;
    if (error) callback(error, '');
    else if (!first) callback(new Error(`${hostname} has no address that may be dialled: ${namesOf(found)}`), '');
    else if (options.all) callback(null, allowed);
    else callback(null, first.address, first.family);
  });
};

/** An IPv4 address in the clothes of IPv6 is what it is. */
function wrongWith(address: string): string[] {
  return checkNonSpecialIP(ipaddr.process(address).toString());
}

function namesOf(found: readonly LookupAddress[]): string {
  return found.map(({ address }) => address).join(', ');
}
