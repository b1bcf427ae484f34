/** The certificates of a server. */
import { join } from 'node:path';
import { Pki } from '../server/pki.ts';
import type { Basics } from './parts.ts';

export function makePki({ flags, clock, log, addresses, serverName }: Basics): Pki {
  const { advertised, serviceAddress, apiUrl } = addresses;
  const isAddress = (name: string): boolean => /^[\d.]+$|:/.test(name);
  return new Pki({
    directory: join(flags.dataDir, 'pki'),
    dnsNames: [serverName, ...flags.tlsSan.filter((name) => !isAddress(name))],
    addresses: [advertised, ...flags.tlsSan.filter(isAddress)],
    clusterDomain: flags.clusterDomain,
    serviceAddress,
    url: () => apiUrl,
    clock,
    log,
  });
}
