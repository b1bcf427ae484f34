/** The node's whole network: the pods' own, the service rules, and DNS. Made once the cluster's settings are known. */
import { readFile } from 'node:fs/promises';
import { ClusterZone } from './dns/cluster-zone.ts';
import { DnsServer } from './dns/dns-server.ts';
import { parseResolvConf } from './dns/resolv-conf.ts';
import { Resolver } from './dns/resolver.ts';
import { DnsUpstream } from './dns/upstream.ts';
import { IpProcess } from './network/ip-command.ts';
import { PodNetwork } from './network/pod-network.ts';
import { ProcSysctls } from './network/sysctl.ts';
import { ConntrackProcess } from './proxy/conntrack.ts';
import { NftProcess } from './proxy/nft.ts';
import { ServiceProxy } from './proxy/service-proxy.ts';
import type { ClusterSettings, DesiredState } from './state/port.ts';
import type { Clock } from '../lib/clock.ts';
import { type Component, ComponentGroup } from '../lib/component.ts';
import type { Log } from '../lib/log.ts';
import type { Metrics } from '../lib/metrics.ts';

const BRIDGE = 'dure0';
const TUNNEL = 'dure-vxlan';
const TABLE = 'dure';
const DNS_PORT = 53;
const RESOLV_CONF = '/etc/resolv.conf';

export interface NodeNetworkOptions {
  nodeName: string;
  state: DesiredState;
  cniDirectory: string;
  ipamDirectory: string;
  metrics: Metrics;
  clock: Clock;
  log: Log;
}

export class NodeNetwork implements Component {
  readonly name = 'network';
  private readonly options: NodeNetworkOptions;
  private readonly listeners = new Set<() => void>();
  private pods: PodNetwork | undefined;
  private group: ComponentGroup | undefined;

  constructor(options: NodeNetworkOptions) {
    this.options = options;
  }

  /** Why pods can't have a network now; empty when they can. */
  problems(): string[] {
    if (!this.pods) return ['the cluster’s settings are not known yet'];
    const { whyNotReady } = this.pods;
    return whyNotReady === undefined ? [] : [whyNotReady];
  }

  onChange(listener: () => void): void {
    this.listeners.add(listener);
  }

  async prepare(settings: ClusterSettings): Promise<void> {
    const { nodeName, state, clock, log, cniDirectory, ipamDirectory, metrics } = this.options;
    const ip = new IpProcess({ tunnelDevice: TUNNEL });
    const shared = { bridge: BRIDGE, tunnel: TUNNEL, clock, log, settings, nodeName };
    this.pods = new PodNetwork({
      ...shared,
      nodes: state.nodes,
      servicecidrs: state.servicecidrs,
      ip,
      sysctls: new ProcSysctls(),
      cniDirectory,
      ipamDirectory,
    });
    this.pods.onReconciled(() => {
      for (const listener of this.listeners) listener();
    });
    const proxy = new ServiceProxy({
      ...shared,
      desired: state,
      nft: new NftProcess({ table: TABLE, log }),
      conntrack: new ConntrackProcess(),
      registry: metrics.registry,
    });
    this.group = new ComponentGroup(this.name, [this.pods, proxy, await this.makeDns(settings, ip)]);
  }

  /** Resolves when it has been brought to what is known already, as far as that can be done at once. */
  async start(): Promise<void> {
    await this.group?.start();
    await this.pods?.firstAttempt();
  }

  async stop(): Promise<void> {
    await this.group?.stop();
  }

  private async makeDns(settings: ClusterSettings, ip: IpProcess): Promise<DnsServer> {
    const { state, clock, log, metrics } = this.options;
    const node = parseResolvConf(await readFile(RESOLV_CONF, 'utf8'), settings.clusterDns);
    const zone = new ClusterZone({ settings, desired: state });
    const resolver = new Resolver({
      zone,
      upstream: new DnsUpstream({ servers: node.servers.map((address) => ({ address, port: DNS_PORT })), clock }),
      nodeSearches: node.searches,
      clock,
      log,
      isReady: () => state.services.synced && state.endpointslices.synced,
    });
    return new DnsServer({ settings, desired: state, zone, resolver, ip, log, registry: metrics.registry });
  }
}
