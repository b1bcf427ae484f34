/** The addresses of a server and of the cluster, worked out from its flags. */
import ipaddr from 'ipaddr.js';
import type { ServerFlags } from './flags.ts';
import { firstAddress } from '../lib/addresses.ts';
import { FlagError } from '../lib/flags.ts';

export interface Addresses {
  /** Where others reach this server. */
  advertised: string;
  apiUrl: string;
  /** The first one of the services: `kubernetes.default`. */
  serviceAddress: string;
}

/** Throws {@link FlagError}. */
export function addressesOf(flags: ServerFlags): Addresses {
  const advertised = flags.advertiseAddress ?? firstAddress();
  if (!ipaddr.isValid(advertised)) throw new FlagError(`--advertise-address "${advertised}": must be an IP address`);
  const services = rangeOf('--service-cidr', flags.serviceCidr);
  rangeOf('--cluster-cidr', flags.clusterCidr);
  if (!ipaddr.IPv4.isValid(flags.clusterDns) || !ipaddr.IPv4.parse(flags.clusterDns).match(services)) {
    throw new FlagError(
      `--cluster-dns "${flags.clusterDns}": must be an address in --service-cidr ${flags.serviceCidr}`,
    );
  }
  const network = ipaddr.IPv4.networkAddressFromCIDR(flags.serviceCidr).toByteArray();
  const serviceAddress = [...network.slice(0, 3), (network[3] ?? 0) + 1].join('.');
  return { advertised, apiUrl: `https://${hostPort(advertised, flags.port)}`, serviceAddress };
}

/** As it stands in a URL, or where gRPC dials. */
export function hostPort(address: string, port: number): string {
  return `${ipaddr.IPv6.isValid(address) ? `[${address}]` : address}:${port}`;
}

function rangeOf(flag: string, cidr: string): [ipaddr.IPv4, number] {
  if (!ipaddr.IPv4.isValidCIDR(cidr)) throw new FlagError(`${flag} "${cidr}": must be a range such as 10.96.0.0/16`);
  return ipaddr.IPv4.parseCIDR(cidr);
}
