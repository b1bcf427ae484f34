/** The cluster's DNS alone, with 1,000 services, for the DNS bench: `dns-serve.ts ADDRESS PORT`. Ends with its standard input. */
import { Registry } from 'prom-client';
import { systemClock } from '../../lib/clock.ts';
import { createLog } from '../../lib/log.ts';
import { ClusterZone } from '../../node-agent/dns/cluster-zone.ts';
import { DnsServer } from '../../node-agent/dns/dns-server.ts';
import { Resolver } from '../../node-agent/dns/resolver.ts';
import { DnsUpstream } from '../../node-agent/dns/upstream.ts';
import { FakeCluster, SETTINGS } from '../support/fake-cluster.ts';

export const SERVICES = 1000;

export function serviceAddress(service: number): string {
  return `10.97.${service >> 8}.${service & 255}`;
}

async function serve(address: string, port: number): Promise<void> {
  const cluster = new FakeCluster();
  for (let service = 0; service < SERVICES; service++)
    cluster.service(`bench/s${service}`, { clusterIP: serviceAddress(service), ports: [{ port: 80 }] });
  cluster.markSynced();
  const settings = { ...SETTINGS, clusterDns: address };
  const log = createLog('error');
  const zone = new ClusterZone({ settings, desired: cluster });
  const upstream = new DnsUpstream({ servers: [], clock: systemClock });
  const resolver = new Resolver({ zone, upstream, nodeSearches: [], clock: systemClock, log, isReady: () => true });
  const registry = new Registry();
  const server = new DnsServer({ settings, desired: cluster, zone, resolver, ip: undefined, log, registry, port });
  await server.start();
  console.log('ready');
  process.stdin.resume().once('end', () => void server.stop().then(() => process.exit()));
}

if (import.meta.main) await serve(process.argv[2] ?? '', Number(process.argv[3]));
