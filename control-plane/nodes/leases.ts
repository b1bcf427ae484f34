/**
 * The Lease of each node whose agent is connected here, as `kubectl describe node` and other clients look for it. Nothing in
 * Dure is decided by it: sessions are what counts.
 */
import { isStatusError } from '../../api/errors.ts';
import { kinds } from '../../api/kinds.ts';
import { formatMicroTime } from '../../api/machinery/time.ts';
import type { Lease } from '../../api/types/coordination.v1.ts';
import type { Clock, Timer } from '../../lib/clock.ts';
import type { Component } from '../../lib/component.ts';
import type { Log } from '../../lib/log.ts';
import type { Registry } from '../registry/port.ts';

const NAMESPACE = 'kube-node-lease';
/** As others know it of Kubernetes: renewed well within the time after which it counts as ended. */
const DURATION_SECONDS = 40;
const RENEW_MILLISECONDS = 10_000;
/** Leases that are written at a time; with many nodes the rest follow. */
const CONCURRENCY = 32;

export interface NodeLeasesOptions {
  registry: Registry;
  /** The nodes whose agents are connected to this server now. */
  connected(): readonly string[];
  clock: Clock;
  log: Log;
}

export class NodeLeases implements Component {
  readonly name = 'node leases';
  private readonly options: NodeLeasesOptions;
  private timer: Timer | undefined;
  private running: Promise<void> = Promise.resolve();
  private stopped = false;

  constructor(options: NodeLeasesOptions) {
    this.options = options;
  }

  start(): Promise<void> {
    this.schedule();
    return Promise.resolve();
  }

  async stop(): Promise<void> {
    this.stopped = true;
    this.timer?.cancel();
    await this.running;
  }

  private schedule(): void {
    if (this.stopped) return;
    this.timer = this.options.clock.after(RENEW_MILLISECONDS, () => {
      this.running = this.renewAll().finally(() => this.schedule());
    });
  }

  private async renewAll(): Promise<void> {
    const nodes = [...this.options.connected()];
    const work = async (): Promise<void> => {
      for (let node = nodes.pop(); node !== undefined && !this.stopped; node = nodes.pop()) await this.renew(node);
    };
    await Promise.all(Array.from({ length: CONCURRENCY }, work));
  }

  private async renew(node: string): Promise<void> {
    const { registry, clock, log } = this.options;
    const leases = registry.resource(kinds.leases);
    const renewTime = formatMicroTime(clock.date().getTime());
    try {
      await leases.mutate(NAMESPACE, node, (lease) => ({ ...lease, spec: { ...lease.spec, renewTime } }));
    } catch (error) {
      if (isStatusError(error, 'NotFound')) await this.create(node, renewTime);
      else log.debug({ err: error, node }, 'the lease of a node could not be renewed; the next renewal comes');
    }
  }

  private async create(node: string, renewTime: string): Promise<void> {
    const { registry, log } = this.options;
    const uid = registry.resource(kinds.nodes).view.get(node)?.metadata.uid;
    if (uid === undefined) return;
    const lease: Lease = {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: {
        name: node,
        namespace: NAMESPACE,
        ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name: node, uid }],
      },
      spec: { holderIdentity: node, leaseDurationSeconds: DURATION_SECONDS, renewTime },
    };
    try {
      await registry.resource(kinds.leases).create(lease);
    } catch (error) {
      // Another server was first, or the namespace is not there yet: the next renewal finds out.
      log.debug({ err: error, node }, 'the lease of a node could not be made');
    }
  }
}
