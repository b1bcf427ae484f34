/** Makes the pods of this node reach those of every other: CNI configuration, routes and tunnels. */
import type { Node } from '../../api/types/core.v1.ts';
import type { ServiceCIDR } from '../../api/types/networking.v1.ts';
import type { Clock, Timer } from '../../lib/clock.ts';
import type { Component } from '../../lib/component.ts';
import type { Log } from '../../lib/log.ts';
import type { View } from '../../lib/view.ts';
import type { ClusterSettings } from '../state/port.ts';
import { conflistOf, writeConflist } from './cni.ts';
import type { IpCommand, Sysctls } from './port.ts';
import { type Peer, peerOf, planRoutes, TUNNEL_OVERHEAD, type Uplink, wantedRoutes } from './routes.ts';
import { serviceBlocks } from './service-blocks.ts';
import { prepareKernel } from './sysctl.ts';

const COALESCE_MILLISECONDS = 10;
const RETRY_MILLISECONDS = { first: 500, most: 30_000 };

export interface PodNetworkOptions {
  nodeName: string;
  settings: Pick<ClusterSettings, 'serviceCidr'>;
  nodes: View<Node>;
  servicecidrs: View<ServiceCIDR>;
  ip: IpCommand;
  sysctls: Sysctls;
  clock: Clock;
  log: Log;
  /** Where containerd looks for network configurations. */
  cniDirectory: string;
  ipamDirectory: string;
  bridge: string;
  tunnel: string;
}

/** `start` prepares the kernel; the rest follows as nodes become known. `stop` leaves routes as they are: pods go on. */
export class PodNetwork implements Component {
  readonly name = 'pod network';
  private readonly options: PodNetworkOptions;
  private readonly endings: (() => void)[] = [];
  private timer: Timer | undefined;
  private running: Promise<void> | undefined;
  private again = false;
  private stopped = true;
  private retryAfter = RETRY_MILLISECONDS.first;
  private problem: string | undefined = 'this node has no pod CIDR yet';
  private warned = '';
  private attempted = false;
  private readonly listeners = new Set<() => void>();

  constructor(options: PodNetworkOptions) {
    this.options = options;
  }

  /** Why pods can't get a network now; undefined when they can. */
  get whyNotReady(): string | undefined {
    return this.problem;
  }

  /** Calls `listener` after every attempt to bring the network to what is wanted. */
  onReconciled(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  }

  async start(): Promise<void> {
    const missing = await prepareKernel(this.options.sysctls);
    if (missing.length > 0) this.options.log.warn({ missing }, 'this kernel lacks settings that pod networks rely on');
    this.stopped = false;
    const { nodes, servicecidrs } = this.options;
    this.endings.push(
      nodes.subscribe(({ type, object, previous }) => {
        const before = previous && peerOf(previous);
        const now = type === 'deleted' ? undefined : peerOf(object);
        if (JSON.stringify(before) !== JSON.stringify(now)) this.schedule(COALESCE_MILLISECONDS);
      }),
      servicecidrs.subscribe(() => this.schedule(COALESCE_MILLISECONDS)),
    );
    void Promise.all([nodes.whenSynced(), servicecidrs.whenSynced()]).then(() => this.schedule(0));
  }

  async stop(): Promise<void> {
    this.stopped = true;
    for (const end of this.endings.splice(0)) end();
    this.timer?.cancel();
    this.timer = undefined;
    await this.running;
  }

  /** Resolves when the network was brought to what the nodes ask, or could not; at once while no node is known. */
  firstAttempt(): Promise<void> {
    if (this.attempted || !this.isSynced) return Promise.resolve();
    return new Promise((resolve) => {
      const end = this.onReconciled(() => {
        end();
        resolve();
      });
    });
  }

  private get isSynced(): boolean {
    return this.options.nodes.synced && this.options.servicecidrs.synced;
  }

  private schedule(milliseconds: number): void {
    if (this.stopped || !this.isSynced || this.timer) return;
    if (this.running) {
      this.again = true;
      return;
    }
    this.timer = this.options.clock.after(milliseconds, () => {
      this.timer = undefined;
      this.running = this.attempt().finally(() => {
        this.running = undefined;
        for (const listener of this.listeners) listener();
        if (this.again) this.schedule(COALESCE_MILLISECONDS);
        else if (this.problem !== undefined) this.schedule(this.retryAfter);
      });
    });
  }

  /** Never rejects: a failure is the reason why the network is not ready. */
  private async attempt(): Promise<void> {
    this.again = false;
    try {
      this.problem = await this.reconcile();
    } catch (err) {
      this.problem = (err as Error).message;
      this.options.log.error({ err }, 'the pod network could not be set up');
    }
    this.attempted = true;
    this.retryAfter =
      this.problem === undefined ? RETRY_MILLISECONDS.first : Math.min(this.retryAfter * 2, RETRY_MILLISECONDS.most);
  }

  private async reconcile(): Promise<string | undefined> {
    const { nodes, nodeName, ip, settings, servicecidrs, tunnel } = this.options;
    const node = nodes.get(nodeName);
    const self = node && peerOf(node);
    if (!self) return node?.spec?.podCIDR ? 'this node has no internal address yet' : 'this node has no pod CIDR yet';
    const uplink = await ip.uplink(self.address);
    if (!uplink) return `no device of this node holds its address ${self.address}`;
    const blocks = serviceBlocks(settings.serviceCidr, servicecidrs.list());
    const wanted = wantedRoutes({
      podCidr: self.podCidr,
      serviceBlocks: blocks,
      uplink,
      tunnelDevice: tunnel,
      peers: this.peers(),
    });
    this.warnOf(wanted.refused);
    const steps = planRoutes(await ip.observe(), wanted);
    if (steps.length > 0) {
      await ip.execute(steps);
      this.options.log.info(
        { steps: steps.length, nodes: wanted.routes.size - blocks.length },
        'routes to other nodes changed',
      );
    }
    await this.configureCni(self, uplink, wanted.tunnel !== undefined);
    return undefined;
  }

  private *peers(): Iterable<Peer> {
    for (const node of this.options.nodes.list()) {
      const peer = peerOf(node);
      if (peer && peer.name !== this.options.nodeName) yield peer;
    }
  }

  private async configureCni(self: Peer, uplink: Uplink, tunnelled: boolean): Promise<void> {
    const { bridge, ipamDirectory, cniDirectory, log } = this.options;
    const mtu = uplink.mtu - (tunnelled ? TUNNEL_OVERHEAD : 0);
    const conflist = conflistOf({ podCidr: self.podCidr, bridge, mtu, ipamDirectory });
    if (await writeConflist(cniDirectory, conflist))
      log.info({ podCidr: self.podCidr, mtu }, 'CNI configuration written');
  }

  private warnOf(refused: readonly { name: string; reason: string }[]): void {
    const said = JSON.stringify(refused);
    if (refused.length > 0 && said !== this.warned)
      this.options.log.warn({ refused }, "some nodes' pods can't be reached");
    this.warned = said;
  }
}
