/** Keeps the kernel's rules as the services and their endpoints ask. */
import { keyOf } from '../../api/object.ts';
import type { Clock, Timer } from '../../lib/clock.ts';
import type { Component } from '../../lib/component.ts';
import type { Log } from '../../lib/log.ts';
import { Gauge, Histogram, type Registry } from '../../lib/prometheus.ts';
import { serviceBlocks } from '../network/service-blocks.ts';
import type { ClusterSettings, DesiredState } from '../state/port.ts';
import { localAddresses } from './endpoints.ts';
import { frontendsOf } from './frontends.ts';
import { layoutOf } from './layout.ts';
import { listedBlock } from './nft-text.ts';
import type { Conntrack, Nft, StaleFlow } from './port.ts';
import { guardsOf } from './source-ranges.ts';
import { TablePlanner, type TablePlan, type Wish } from './table-plan.ts';

/** Changes that come within this time share a transaction. */
const COALESCE_MILLISECONDS = 3;
const RETRY_MILLISECONDS = { first: 200, most: 30_000 };
/** How often the table is compared with what it should be, whatever happened. */
const AUDIT_MILLISECONDS = 5 * 60_000;
/** Stands among the keys of services for what the cluster as a whole wants; no service has such a key. */
const CLUSTER = '';
const SERVICE_LABEL = 'kubernetes.io/service-name';

export interface ServiceProxyOptions {
  nodeName: string;
  settings: Pick<ClusterSettings, 'clusterCidr' | 'serviceCidr' | 'clusterDns'>;
  desired: Pick<DesiredState, 'services' | 'endpointslices' | 'servicecidrs'>;
  nft: Nft;
  conntrack: Conntrack;
  clock: Clock;
  log: Log;
  registry: Registry;
  bridge: string;
  tunnel: string;
}

/**
 * Works from the moment the views are synced, which `start` does not wait for: until then the rules of the agent's last
 * life stay as they are. `stop` leaves the rules in the kernel too.
 */
export class ServiceProxy implements Component {
  readonly name = 'service proxy';
  private readonly options: ServiceProxyOptions;
  private readonly planner: TablePlanner;
  private readonly metrics: ReturnType<typeof createMetrics>;
  /** Keys of services to plan again, each with the time of its oldest change that is not in the kernel yet. */
  private readonly dirty = new Map<string, number>();
  private readonly endings: (() => void)[] = [];
  private readonly settled: (() => void)[] = [];
  private needsFull = true;
  private timer: Timer | undefined;
  private audit: Timer | undefined;
  private retryAfter = RETRY_MILLISECONDS.first;
  private running: Promise<void> | undefined;
  private forgetting: Promise<void> = Promise.resolve();
  private stopped = true;

  constructor(options: ServiceProxyOptions) {
    this.options = options;
    this.planner = new TablePlanner(
      layoutOf({ clusterCidr: options.settings.clusterCidr, bridge: options.bridge, tunnel: options.tunnel }),
    );
    this.metrics = createMetrics(options.registry);
  }

  start(): Promise<void> {
    const { services, endpointslices, servicecidrs } = this.options.desired;
    this.stopped = false;
    this.needsFull = true;
    this.endings.push(
      services.subscribe(({ key }) => this.touch(key)),
      servicecidrs.subscribe(() => this.touch(CLUSTER)),
      endpointslices.subscribe(({ object, previous }) => {
        for (const slice of [object, previous]) {
          const service = slice?.metadata.labels?.[SERVICE_LABEL];
          if (service) this.touch(`${slice.metadata.namespace}/${service}`);
        }
      }),
      this.options.nft.onDisturbed(() => this.resync('rules were removed by somebody else')),
    );
    void Promise.all([services, endpointslices, servicecidrs].map((view) => view.whenSynced())).then(() =>
      this.schedule(0),
    );
    this.scheduleAudit();
    return Promise.resolve();
  }

  async stop(): Promise<void> {
    this.stopped = true;
    for (const end of this.endings.splice(0)) end();
    this.timer?.cancel();
    this.timer = undefined;
    this.audit?.cancel();
    await this.running;
    await this.forgetting;
    for (const settle of this.settled.splice(0)) settle();
  }

  /** Resolves when all changes that the views show now are in the kernel, or the proxy has stopped. */
  whenSettled(): Promise<void> {
    if (this.stopped || (!this.needsFull && this.dirty.size === 0 && !this.running)) return Promise.resolve();
    return new Promise((resolve) => this.settled.push(resolve));
  }

  private get ready(): boolean {
    const { services, endpointslices, servicecidrs } = this.options.desired;
    return services.synced && endpointslices.synced && servicecidrs.synced && !this.stopped;
  }

  private touch(service: string): void {
    if (!this.dirty.has(service)) this.dirty.set(service, this.options.clock.now());
    this.schedule(COALESCE_MILLISECONDS);
  }

  private resync(reason: string): void {
    if (this.needsFull) return;
    this.options.log.warn({ reason }, 'programming all service rules again');
    this.needsFull = true;
    this.schedule(0);
  }

  private schedule(milliseconds: number): void {
    if (!this.ready || this.timer || this.running) return;
    this.timer = this.options.clock.after(milliseconds, () => {
      this.timer = undefined;
      this.running = this.sync().finally(() => {
        this.running = undefined;
        this.afterSync();
      });
    });
  }

  private afterSync(): void {
    if (this.needsFull) this.schedule(this.retryAfter);
    else if (this.dirty.size > 0) this.schedule(0);
    else for (const settle of this.settled.splice(0)) settle();
  }

  /** Never rejects: what failed is done again in full. */
  private async sync(): Promise<void> {
    const { clock, nft, log } = this.options;
    const begun = clock.now();
    const changes = [...this.dirty];
    this.dirty.clear();
    const full = this.needsFull;
    this.needsFull = false;
    try {
      const existing = full ? await nft.read() : undefined;
      const plan = full ? this.planner.full(existing, this.allWishes()) : this.incremental(changes);
      await nft.commit(plan.steps);
      this.retryAfter = RETRY_MILLISECONDS.first;
      this.observe(begun, changes);
      await this.forget(plan.stale);
      this.forgetAttempts(plan.left);
    } catch (err) {
      log.error({ err, retryAfter: this.retryAfter }, 'service rules could not be programmed');
      this.needsFull = true;
      this.retryAfter = Math.min(this.retryAfter * 2, RETRY_MILLISECONDS.most);
      for (const [service, since] of changes) this.dirty.set(service, since);
    }
  }

  private incremental(changes: readonly [string, number][]): TablePlan {
    const plans = changes.map(([service]) =>
      this.planner.update(service, service === CLUSTER ? this.wishOfCluster() : this.wishOf(service)),
    );
    return {
      steps: plans.flatMap(({ steps }) => steps),
      stale: plans.flatMap(({ stale }) => stale),
      left: plans.flatMap(({ left }) => left),
    };
  }

  private allWishes(): Map<string, Wish> {
    const wishes = new Map([[CLUSTER, this.wishOfCluster()]]);
    const byAge = [...this.options.desired.services.list()].toSorted((one, other) =>
      String(one.metadata.creationTimestamp).localeCompare(String(other.metadata.creationTimestamp)),
    );
    for (const service of byAge) {
      const wish = this.wishOf(keyOf(service));
      if (wish) wishes.set(keyOf(service), wish);
    }
    return wishes;
  }

  private wishOfCluster(): Wish {
    const { settings, desired } = this.options;
    const blocks = serviceBlocks(settings.serviceCidr, desired.servicecidrs.list());
    const members = blocks.map((block) => ({ set: 'service_blocks' as const, key: listedBlock(block) }));
    return { frontends: [], hairpins: [], members };
  }

  private wishOf(key: string): Wish | undefined {
    const { desired, nodeName, settings } = this.options;
    const service = desired.services.get(key);
    if (!service) return undefined;
    const slices = [...desired.endpointslices.byIndex('service', key)];
    const frontends = frontendsOf(service, slices, { nodeName, clusterDns: settings.clusterDns });
    const isServed = frontends.length > 0;
    const hairpins = isServed ? localAddresses(slices, nodeName) : [];
    return { frontends, hairpins, members: isServed ? guardsOf(service) : [] };
  }

  private async forget(flows: readonly StaleFlow[]): Promise<void> {
    for (const flow of flows) {
      try {
        await this.options.conntrack.forgetUdp(flow);
      } catch (err) {
        this.options.log.warn({ err, flow }, 'old UDP flows of a service may go on to a backend that left');
      }
    }
  }

  /** Beside the next synchronisation, not before it: a lost host can take many backends with it. */
  private forgetAttempts(backends: readonly string[]): void {
    if (backends.length === 0) return;
    this.forgetting = this.forgetting
      .then(() => this.options.conntrack.forgetAttempts([...new Set(backends)]))
      .catch((err: unknown) => {
        this.options.log.warn({ err, backends }, 'connections may still be attempted to backends that left');
      });
  }

  private scheduleAudit(): void {
    this.audit = this.options.clock.after(AUDIT_MILLISECONDS, () => {
      this.needsFull = true;
      this.schedule(0);
      this.scheduleAudit();
    });
  }

  private observe(begun: number, changes: readonly [string, number][]): void {
    const now = this.options.clock.now();
    this.metrics.sync.observe((now - begun) / 1000);
    for (const [, since] of changes) this.metrics.programming.observe((now - since) / 1000);
    this.metrics.last.set(this.options.clock.date().getTime() / 1000);
  }
}

function createMetrics(registry: Registry): {
  sync: Histogram;
  programming: Histogram;
  last: Gauge;
} {
  const registers = [registry];
  const buckets = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
  return {
    sync: new Histogram({
      name: 'kubeproxy_sync_proxy_rules_duration_seconds',
      help: 'Time from planning a transaction of service rules until it was in the kernel',
      buckets,
      registers,
    }),
    programming: new Histogram({
      name: 'kubeproxy_network_programming_duration_seconds',
      help: 'Time from a change of a service or its endpoints reaching this node until it was in the kernel',
      buckets,
      registers,
    }),
    last: new Gauge({
      name: 'kubeproxy_sync_proxy_rules_last_timestamp_seconds',
      help: 'When service rules were last programmed',
      registers,
    }),
  };
}
