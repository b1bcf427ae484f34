/** The composition root of `dure agent`: makes the parts, gives each what it needs, starts them in order. */
import { randomUUID } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import type { AgentFlags } from './flags.ts';
import { Fence } from './fence/fence.ts';
import { FileFreezer, killAtOnce } from './fence/freezer.ts';
import { GuardProcess } from './fence/guard.ts';
import { LeaseFile, machineUptime } from './fence/lease-file.ts';
import { EventLog } from './link/events.ts';
import { Identity } from './link/identity.ts';
import { Link } from './link/link.ts';
import { Reports } from './link/reports.ts';
import { NodeNetwork } from './node-network.ts';
import { ImageCollector } from './images/collector.ts';
import { hasAppArmor } from './node/apparmor.ts';
import { diskOf, machineFacts } from './node/describe.ts';
import { RuntimeHealth } from './node/runtime-health.ts';
import { NodeStatusKeeper } from './node/status.ts';
import { AgentWeb } from './node/web.ts';
import { allContainers } from './pods/container-kind.ts';
import { FileCgroups } from './pods/cgroups.ts';
import { downwardText } from './pods/downward.ts';
import { DiskFiles } from './pods/files.ts';
import { PodManager } from './pods/manager.ts';
import { type ContainerdConfig, defaultContainerdConfig } from './runtime/config.ts';
import { ContainerdSupervisor } from './runtime/containerd.ts';
import { CriRuntime } from './runtime/cri-runtime.ts';
import type { Runtime } from './runtime/port.ts';
import { StateFile } from './state/file.ts';
import { StateKeeper } from './state/keeper.ts';
import type { ClusterSettings } from './state/port.ts';
import { DesiredStateStore } from './state/store.ts';
import type { Pod } from '../api/types/core.v1.ts';
import { carryStream } from './streams/carry.ts';
import { LogRotator } from './streams/rotation.ts';
import { StreamServer } from './streams/serve.ts';
import { UsageMeter } from './streams/usage.ts';
import { DiskVolumes } from './volumes/disk.ts';
import { systemMounter } from './volumes/mounts.ts';
import { PersistentVolumes } from './volumes/persistent.ts';
import { Reclaimer } from './volumes/reclaimer.ts';
import { registerVolumeStats } from './volumes/stats.ts';
import { PodTokens } from './volumes/tokens.ts';
import { firstAddress } from '../lib/addresses.ts';
import type { Clock } from '../lib/clock.ts';
import { type Component, ComponentGroup } from '../lib/component.ts';
import { DataLock } from '../lib/data-lock.ts';
import { FlagError } from '../lib/flags.ts';
import { AgentsClient } from '../lib/link/proto.ts';
import type { Log } from '../lib/log.ts';
import { Metrics } from '../lib/metrics.ts';

/** Where a containerd that is not ours keeps images unless it was told otherwise. */
const CONTAINERD_ROOT = '/var/lib/containerd';
/** As kubectl shows it: the level of the API, and this program's own version. */
const VERSION = 'v1.35.0+dure.0.1.0';

export interface AgentOptions {
  flags: AgentFlags;
  clock: Clock;
  log: Log;
}

export class Agent implements Component {
  readonly name = 'agent';
  private readonly options: AgentOptions;
  private readonly nodeName: string;
  private readonly address: string;
  private readonly metrics = new Metrics();
  private readonly store = new DesiredStateStore();
  private readonly settings = Promise.withResolvers<ClusterSettings>();
  private readonly started: Component[] = [];

  /** Throws {@link FlagError}. */
  constructor(options: AgentOptions) {
    const { flags } = options;
    if (flags.server.length === 0) throw new FlagError('--server: at least one server must be given');
    this.options = options;
    this.nodeName = flags.nodeName ?? hostname();
    this.address = flags.nodeAddress ?? firstAddress();
    this.metrics.includeProcess();
  }

  async start(): Promise<void> {
    const { flags, clock, log } = this.options;
    try {
      await mkdir(flags.dataDir, { recursive: true, mode: 0o700 });
      await mkdir(flags.runDir, { recursive: true, mode: 0o700 });
      await this.run(lockOf(flags.dataDir));
      const keeper = new StateKeeper({
        store: this.store,
        file: new StateFile(join(flags.dataDir, 'state')),
        clock,
        log,
      });
      const identity = this.makeIdentity();
      const fence = this.makeFence();
      await this.run(fence);
      await this.run(keeper);
      if (keeper.knownSettings) this.settings.resolve(keeper.knownSettings);
      const runtime = await this.startRuntime();
      await this.run(identity);
      await this.startNode(identity, keeper, runtime, fence);
      log.info({ node: this.nodeName, address: this.address }, 'ready');
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  /** Pods, rules and names go on without the agent. */
  async stop(): Promise<void> {
    for (let component = this.started.pop(); component; component = this.started.pop()) await component.stop();
  }

  private async run(component: Component): Promise<void> {
    await component.start();
    this.started.push(component);
  }

  private makeIdentity(): Identity {
    const { flags, clock, log } = this.options;
    return new Identity({
      directory: join(flags.dataDir, 'pki'),
      nodeName: this.nodeName,
      servers: flags.server,
      token: async () => {
        if (flags.token !== undefined) return flags.token;
        if (flags.tokenFile === undefined)
          throw new Error('this node is no member yet: --token or --token-file is needed');
        return readFile(flags.tokenFile, 'utf8');
      },
      clock,
      log,
    });
  }

  /** Before all else: an agent before this one may have died when it had pods to freeze. */
  private makeFence(): Fence {
    const { flags, clock, log } = this.options;
    const directory = join(flags.runDir, 'fence');
    return new Fence({
      freezer: new FileFreezer({ root: flags.cgroupRoot, killProcess: killAtOnce }),
      file: new LeaseFile(directory),
      guard: new GuardProcess({ directory, log }),
      isOurs: (uid) => [...this.store.pods.list()].some((pod) => pod.metadata.uid === uid && !endsNow(pod)),
      uptime: machineUptime,
      clock,
      log,
    });
  }

  private async startRuntime(): Promise<CriRuntime> {
    const { flags, clock, log } = this.options;
    const config = this.containerdConfig();
    const runtime = new CriRuntime({ socket: config.socket, clock, log });
    if (flags.startContainerd) {
      const logFile = join(flags.dataDir, 'containerd.log');
      await this.run(new ContainerdSupervisor({ config, logFile, probe: () => runtime.version(), clock, log }));
    }
    this.started.push({
      name: 'runtime',
      start: () => Promise.resolve(),
      stop: () => Promise.resolve(runtime.close()),
    });
    return runtime;
  }

  /** The configuration of an own containerd; of somebody else's, what the agent must know. */
  private containerdConfig(): ContainerdConfig {
    const { flags } = this.options;
    const own = defaultContainerdConfig(flags.dataDir, flags.runDir);
    if (!flags.startContainerd) return { ...own, socket: flags.containerdSocket, cniConfigDirectory: flags.cniDir };
    const mirrors = Object.fromEntries(flags.registryMirror.map((each) => pair('--registry-mirror', each)));
    return { ...own, sandboxImage: flags.pauseImage, mirrors };
  }

  private async startNode(identity: Identity, keeper: StateKeeper, runtime: CriRuntime, fence: Fence): Promise<void> {
    const { flags, clock, log } = this.options;
    const events = new EventLog({ component: 'dure-agent', host: this.nodeName, clock });
    const links: Link[] = [];
    const reports = new Reports({ events, onNews: () => links[0]?.flush() });
    const network = new NodeNetwork({
      nodeName: this.nodeName,
      state: this.store,
      cniDirectory: this.containerdConfig().cniConfigDirectory,
      ipamDirectory: join(flags.dataDir, 'cni', 'ipam'),
      metrics: this.metrics,
      clock,
      log,
    });
    const status = await this.makeStatus(runtime, network, reports);
    const tokens = new PodTokens({
      source: {
        issue: (...asked) => links[0]?.issueToken(...asked) ?? Promise.reject(new Error('no server is connected')),
      },
      clock,
    });
    const persistent = this.makePersistentVolumes();
    registerVolumeStats({ pods: this.store.pods, persistent, metrics: this.metrics });
    const pods = this.makePods(
      runtime,
      fence,
      reports,
      tokens,
      persistent,
      await this.nodeCapacity(),
      await hasAppArmor(),
    );
    const streams = new StreamServer({
      runtime,
      pods: pods.lookup,
      usage: new UsageMeter({ runtime, pods: pods.lookup, clock }),
      dialing: { own: () => [this.address], web: { host: flags.webAddress, port: flags.webPort } },
      clock,
      log,
    });
    const link = new Link({
      servers: () => identity.agentServers,
      onServers: (addresses) => {
        identity.learnServers(addresses).catch((error: unknown) => {
          log.error({ err: error }, 'the addresses of the servers could not be kept');
        });
      },
      clientOf: (server) => new AgentsClient(server, identity.credentials),
      nodeName: this.nodeName,
      version: VERSION,
      instance: randomUUID(),
      describeNode: () => status.describe(),
      store: this.store,
      keeper,
      reports,
      onStream: (client, id, wanted) => {
        carryStream(client.carry() as unknown as Duplex, id, wanted, streams).catch((error: unknown) => {
          log.debug({ err: error }, 'a stream to a server broke');
        });
      },
      onSettings: (settings) => this.settings.resolve(settings),
      onWelcome: ({ leaseMilliseconds }) => fence.setLease(leaseMilliseconds),
      uptime: machineUptime,
      onProof: (sentAt) => fence.proven(sentAt),
      onConnected: () => pods.reportAll(),
      random: Math.random,
      clock,
      log,
    });
    links.push(link);
    network.onChange(() => status.check());
    const unsubscribe = runtime.subscribe((event) => event.type === 'resync' && status.check());
    this.started.push({ name: 'events', start: () => Promise.resolve(), stop: () => Promise.resolve(unsubscribe()) });
    // An agent that was here before makes true what it knows before a server hears of it: its node was ready all the time.
    const known = keeper.knownSettings;
    if (known) await this.startNetwork(network, known);
    await this.run(status);
    await this.run(link);
    if (!known) await this.startNetwork(network, await this.settings.promise);
    const rotation = new LogRotator({
      containers: () => pods.lookup.running(),
      reopenLog: (id) => runtime.reopenLog(id),
      clock,
      log,
    });
    await this.run(new ComponentGroup('pods and their logs', [pods, rotation]));
    await this.run(this.makeReclaimer(persistent, reports));
    await this.run(this.makeImageCollector(runtime, reports));
    await this.run(this.makeWeb(link, runtime));
  }

  private async startNetwork(network: NodeNetwork, settings: ClusterSettings): Promise<void> {
    await network.prepare(settings);
    await this.run(network);
  }

  private async nodeCapacity(): Promise<{ milliCpu: number; memoryBytes: number }> {
    const { cpus, memoryBytes } = await machineFacts(this.options.flags.dataDir);
    return { milliCpu: cpus * 1000, memoryBytes };
  }

  private async makeStatus(runtime: Runtime, network: NodeNetwork, reports: Reports): Promise<NodeStatusKeeper> {
    const { flags, clock } = this.options;
    const { name, version } = await runtime.version();
    const health = new RuntimeHealth({ runtime, clock });
    return new NodeStatusKeeper({
      facts: {
        name: this.nodeName,
        address: this.address,
        labels: Object.fromEntries(flags.nodeLabel.map((label) => pair('--node-label', label))),
        version: VERSION,
        runtimeVersion: `${name}://${version.replace(/^v/, '')}`,
        maxPods: flags.maxPods,
        machine: await machineFacts(flags.dataDir),
      },
      dataDirectory: flags.dataDir,
      problems: async () => [...(await health.problems()), ...network.problems()],
      report: (status) => reports.setNodeStatus(status),
      clock,
    });
  }

  private makePods(
    runtime: Runtime,
    fence: Fence,
    reports: Reports,
    tokens: PodTokens,
    persistent: PersistentVolumes,
    nodeCapacity: { milliCpu: number; memoryBytes: number },
    isConfining: boolean,
  ): PodManager {
    const { flags, clock, log } = this.options;
    let settings: ClusterSettings | undefined;
    void this.settings.promise.then((known) => (settings = known));
    return new PodManager({
      runtime,
      state: this.store,
      settings: () => {
        if (!settings) throw new Error('the cluster’s settings are not known yet');
        return settings;
      },
      reporter: reports,
      volumes: new DiskVolumes({
        root: this.podsDirectory,
        memory: join(flags.dataDir, 'memory'),
        configMaps: this.store.configmaps,
        secrets: this.store.secrets,
        persistent,
        mounter: systemMounter,
        tokens,
        describe: (pod, file) => downwardText(pod, file, { nodeName: this.nodeName, nodeCapacity }),
      }),
      files: new DiskFiles({ root: this.podsDirectory }),
      cgroups: new FileCgroups({ root: flags.cgroupRoot }),
      fence,
      clock,
      log,
      nodeName: this.nodeName,
      nodeAddresses: () => [this.address],
      seccompRoot: join(flags.dataDir, 'seccomp'),
      hasAppArmor: isConfining,
      allowedSysctls: flags.allowedUnsafeSysctls,
      logRoot: flags.logDir ?? join(flags.dataDir, 'pod-logs'),
      nodeCapacity,
    });
  }

  private makePersistentVolumes(): PersistentVolumes {
    const { nodeName: name, store } = this;
    return new PersistentVolumes({
      directory: this.volumesDirectory,
      marks: join(this.options.flags.dataDir, 'volumes-made'),
      root: this.podsDirectory,
      claims: store.claims,
      node: () => ({ name, labels: store.nodes.get(name)?.metadata.labels }),
    });
  }

  private makeReclaimer(persistent: PersistentVolumes, reports: Reports): Reclaimer {
    const { clock, log } = this.options;
    return new Reclaimer({
      directory: this.volumesDirectory,
      removals: this.store.removals,
      usersOf: (place) => persistent.usersOf(place),
      forget: (handle) => persistent.forget(handle),
      onRemoved: (name, uid) => reports.volumeRemoved(name, uid),
      reporter: reports,
      clock,
      log,
    });
  }

  private get podsDirectory(): string {
    return join(this.options.flags.dataDir, 'pods');
  }

  private get volumesDirectory(): string {
    const { volumeDir, dataDir } = this.options.flags;
    return volumeDir ?? join(dataDir, 'volumes');
  }

  private makeImageCollector(runtime: Runtime, reports: Reports): ImageCollector {
    const { flags, clock, log } = this.options;
    const { imageGcHighThreshold: highPercent, imageGcLowThreshold: lowPercent } = flags;
    if (lowPercent >= highPercent)
      throw new FlagError('--image-gc-low-threshold: must be below --image-gc-high-threshold');
    const node = { kind: 'Node', namespace: '', name: this.nodeName, uid: this.nodeName };
    return new ImageCollector({
      runtime,
      named: () => [flags.pauseImage, ...[...this.store.pods.list()].flatMap(imagesOf)],
      disk: async () => diskOf(flags.startContainerd ? flags.dataDir : CONTAINERD_ROOT),
      policy: { highPercent, lowPercent, minAge: 120_000 },
      onShort: (message) => reports.event(node, 'Warning', 'FreeDiskSpaceFailed', message),
      clock,
      log,
    });
  }

  private makeWeb(link: Link, runtime: Runtime): AgentWeb {
    const { flags, log } = this.options;
    return new AgentWeb({
      host: flags.webAddress,
      port: flags.webPort,
      metrics: this.metrics,
      checks: {
        runtime: async () => (await runtime.problems()).join('; '),
        link: () => Promise.resolve(link.isConnected ? '' : 'no server is connected'),
      },
      log,
    });
  }
}

/** Two agents would each take the other's pods for leftovers, and remove volumes under them. */
function lockOf(directory: string): Component {
  const lock = new DataLock({ directory, holder: 'agent', pid: process.pid });
  return {
    name: 'lock of the data',
    start: async () => lock.acquire(),
    stop: async () => lock.release(),
  };
}

/** Its object may go at any moment, and another of its name run elsewhere. */
function endsNow({ metadata }: Pod): boolean {
  return metadata.deletionTimestamp !== undefined && metadata.deletionGracePeriodSeconds === 0;
}

function imagesOf(pod: Pod): string[] {
  return allContainers(pod).flatMap(({ image }) => image ?? []);
}

function pair(flag: string, text: string): [string, string] {
  const at = text.indexOf('=');
  if (at <= 0) throw new FlagError(`${flag} "${text}": must be of the form name=value`);
  return [text.slice(0, at), text.slice(at + 1)];
}
