/**
 * Takes hosts away from a running service, one after the other, and measures how long each step of the way back takes.
 * All times are milliseconds from the moment before the host was taken away.
 */
import { sleep, systemClock } from '../../lib/clock.ts';
import type { TestCluster } from './cluster.ts';
import { Fleet } from './fleet.ts';
import { NodeProbe } from './probe.ts';
import { type Changing, until } from './until.ts';
import { HELLO, type Request, clientPod, helloManifests, requestsIn } from './workload.ts';

/** Taken away like in a power failure, or cut off while everything on it runs on. */
export type Manner = 'kill' | 'cut';

export interface FailoverRun {
  readonly manner: Manner;
  readonly victim: string;
  /** The node is not Ready in the API any more. */
  readonly detected: number;
  /** No endpoint slice names a pod of the lost host. */
  readonly endpointsOut: number;
  /** The same in the kernel's rules, and in DNS, of another host. */
  readonly rulesOut: number;
  readonly dnsOut: number;
  /** Every replacement is bound to another host. */
  readonly scheduled: number;
  /** As many pods as were asked for are Running and Ready on other hosts. */
  readonly ready: number;
  readonly requests: number;
  readonly failedRequests: number;
  /** When the last failed request was over; 0 when none failed. */
  readonly lastFailure: number;
  /** Why requests failed, each reason once. */
  readonly reasons: readonly string[];
}

const REPLICAS = 3;
const CLIENT = 'client';
/** Long enough to see everything; far longer than any step may take. */
const LIMIT_MILLISECONDS = 60_000;
/** The default of the server's flag --node-grace. */
const NODE_GRACE_MILLISECONDS = 10_000;
/** For so long after the last step the clients are listened to. */
const AFTER_MILLISECONDS = 1500;

export class FailoverDrill {
  private readonly cluster: TestCluster;
  private readonly fleet: Fleet;
  private readonly clientNode: string;
  private probe: NodeProbe | undefined;

  constructor(cluster: TestCluster) {
    this.cluster = cluster;
    this.fleet = new Fleet(cluster);
    this.clientNode = cluster.local.nodeNames[0] ?? '';
  }

  /** Starts the service and its clients, which are on a host that is never taken away. */
  async start(): Promise<void> {
    await this.fleet.start();
    await this.fleet.create(...helloManifests({ replicas: REPLICAS }), clientPod(CLIENT, this.clientNode));
    await this.fleet.settled(REPLICAS);
    const host = this.cluster.local.host(this.clientNode);
    this.probe = NodeProbe.start(host, `${HELLO}-each.default.svc.cluster.local`);
    await this.cluster.kubectl('wait', '--for=condition=Ready', 'pod', CLIENT);
    // Time passes on purpose: a server that has just started gives nodes this long to come back, and judges none of them.
    await sleep(systemClock, NODE_GRACE_MILLISECONDS);
  }

  async stop(): Promise<void> {
    this.probe?.stop();
    await this.fleet.stop();
  }

  /** Takes the other host with most of the pods away, waits until all is well without it, and gives it back. */
  async run(manner: Manner): Promise<FailoverRun> {
    const victim = this.busiest();
    const lost = new Set(this.fleet.on(victim).map(({ status }) => status.podIP ?? ''));
    const begun = Date.now();
    const steps = this.followSteps(victim, lost, begun);
    await this.cluster.local[manner](victim);
    const times = await steps;
    // Time passes on purpose: what the clients see after the last step counts too.
    await sleep(systemClock, AFTER_MILLISECONDS);
    const requests = await this.requestsSince(begun);
    await this.cluster.local[manner === 'kill' ? 'start' : 'heal'](victim);
    await this.fleet.settled(REPLICAS);
    const failed = requests.filter(({ ok }) => !ok);
    return {
      manner,
      victim,
      ...times,
      requests: requests.length,
      failedRequests: failed.length,
      lastFailure: Math.max(0, ...failed.map(({ at }) => at - begun)),
      reasons: [...new Set(failed.map(({ text }) => text))],
    };
  }

  private busiest(): string {
    const others = this.cluster.local.nodeNames.filter((name) => name !== this.clientNode);
    const [first] = others.toSorted((a, b) => this.fleet.on(b).length - this.fleet.on(a).length);
    if (first === undefined || this.fleet.on(first).length === 0) throw new Error('no other host runs a pod');
    return first;
  }

  private async followSteps(
    victim: string,
    lost: ReadonlySet<string>,
    begun: number,
  ): Promise<Pick<FailoverRun, 'detected' | 'endpointsOut' | 'rulesOut' | 'dnsOut' | 'scheduled' | 'ready'>> {
    const { fleet, probe } = this;
    if (!probe) throw new Error('the drill has not started');
    const isOut = (addresses: readonly string[]): boolean => !addresses.some((address) => lost.has(address));
    const elsewhere = (pods: ReturnType<Fleet['ready']>): boolean =>
      pods.filter(({ spec }) => spec.nodeName && spec.nodeName !== victim).length >= REPLICAS;
    const step = async (what: string, views: readonly Changing[], holds: () => boolean): Promise<number> => {
      await until(views, holds, { what, milliseconds: LIMIT_MILLISECONDS, instead: () => fleet.summary() });
      return Date.now() - begun;
    };
    const [detected, endpointsOut, rulesOut, dnsOut, scheduled, ready] = await Promise.all([
      step(`${victim} is seen to be lost`, [fleet.nodes], () => !fleet.isNodeReady(victim)),
      step('its endpoints are out', [fleet.slices], () => isOut(fleet.endpoints())),
      probe.first(begun, 'rules', isOut).then((at) => at - begun),
      probe.first(begun, 'dns', isOut).then((at) => at - begun),
      step('replacements are scheduled', [fleet.pods], () => elsewhere(fleet.staying())),
      step('replacements are ready', [fleet.pods], () => elsewhere(fleet.ready())),
    ]);
    return { detected, endpointsOut, rulesOut, dnsOut, scheduled, ready };
  }

  private async requestsSince(begun: number): Promise<Request[]> {
    const since = new Date(begun).toISOString();
    const log = await this.cluster.kubectl('logs', CLIENT, '--timestamps', `--since-time=${since}`);
    return requestsIn(log).filter(({ at }) => at >= begun);
  }
}
