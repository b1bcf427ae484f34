/** What the failure tests begin with: a cluster that serves, clients that call, and hands that take things away. */
import { join } from 'node:path';
import type { Host } from '../../cli/local/host.ts';
import { childrenOf } from '../../lib/process.ts';
import { sleep, systemClock } from '../../lib/clock.ts';
import { TestCluster } from './cluster.ts';
import { eventually } from './eventually.ts';
import { Fleet } from './fleet.ts';
import { type HelloOptions, type Request, clientPod, helloManifests, requestsIn } from './workload.ts';

const CLIENT = 'client';
/** The default of the server's flag --node-grace. */
const NODE_GRACE_MILLISECONDS = 10_000;

export class Drill {
  readonly cluster: TestCluster;
  readonly fleet: Fleet;
  readonly replicas: number;

  private constructor(cluster: TestCluster, replicas: number) {
    this.cluster = cluster;
    this.fleet = new Fleet(cluster);
    this.replicas = replicas;
  }

  /** A cluster with the greeting service on it, and clients on its first node that call it all the time. */
  static async start(options: Partial<HelloOptions> & { nodes?: number } = {}): Promise<Drill> {
    const { nodes = 3, replicas = 3, ...rest } = options;
    const drill = new Drill(await TestCluster.start({ nodes }), replicas);
    try {
      await drill.fleet.start();
      await drill.fleet.create(...helloManifests({ replicas, ...rest }), clientPod(CLIENT, drill.clientNode));
      await drill.fleet.settled(replicas);
      await drill.cluster.kubectl('wait', '--for=condition=Ready', 'pod', CLIENT);
      return drill;
    } catch (error) {
      await drill.stop();
      throw error;
    }
  }

  async stop(): Promise<void> {
    await this.fleet.stop();
    await this.cluster.stop();
  }

  get clientNode(): string {
    return this.cluster.local.nodeNames[0] ?? '';
  }

  host(name: string): Host {
    return this.cluster.local.host(name);
  }

  /** Time passes on purpose: a server that has just started gives nodes this long to come back, and judges none of them. */
  graceOver(): Promise<void> {
    return sleep(systemClock, NODE_GRACE_MILLISECONDS);
  }

  settled(milliseconds?: number): Promise<void> {
    return this.fleet.settled(this.replicas, milliseconds);
  }

  /** What the clients asked since then (milliseconds since 1970). */
  async requestsSince(begun: number): Promise<Request[]> {
    const since = new Date(begun).toISOString();
    const log = await this.cluster.kubectl('logs', CLIENT, '--timestamps', `--since-time=${since}`);
    return requestsIn(log).filter(({ at }) => at >= begun);
  }

  /** Resolves when the clients have asked `count` times after `begun`: with all they asked since. */
  async requestsAfter(begun: number, count: number): Promise<Request[]> {
    return eventually(`${count} more requests`, async () => {
      const requests = await this.requestsSince(begun);
      return requests.length >= count ? requests : undefined;
    });
  }

  /** Sends a signal to `dure agent` or `dure server` of a host. Returns its process id. */
  async signal(hostName: string, service: 'agent' | 'server', signal: NodeJS.Signals): Promise<number> {
    const pid = await this.host(hostName).servicePid(service);
    if (pid === undefined) throw new Error(`no ${service} runs on ${hostName}`);
    process.kill(pid, signal);
    return pid;
  }

  /** The etcd of the server, as this machine numbers it. */
  async etcdPid(): Promise<number> {
    const server = await this.host('server-1').servicePid('server');
    const [etcd] = server === undefined ? [] : await childrenOf(server);
    if (etcd === undefined) throw new Error('no etcd runs');
    return etcd;
  }

  /** Asks containerd itself for the containers of a host, those that hold pods open included. */
  async containersOn(hostName: string): Promise<string[]> {
    const socket = '/run/dure/containerd/containerd.sock';
    const text = await this.host(hostName).run('ctr', '--address', socket, '-n', 'k8s.io', 'tasks', 'ls', '-q');
    return text.split('\n').filter((line) => line !== '');
  }

  /** The number, in its host's eyes, of a process whose command line holds `text`; undefined when there is none. */
  async processOn(hostName: string, text: string): Promise<number | undefined> {
    const listing = await this.host(hostName).run('ps', '-eo', 'pid=,args=');
    const line = listing.split('\n').find((each) => each.includes(text));
    return line === undefined ? undefined : Number(line.trim().split(' ')[0]);
  }

  async killOn(hostName: string, pid: number): Promise<void> {
    await this.host(hostName).run('kill', '-KILL', String(pid));
  }

  logOf(hostName: string, service: 'agent' | 'server'): string {
    return join(this.host(hostName).place.directory, 'log', `${service}.log`);
  }
}
