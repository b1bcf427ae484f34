/** A whole cluster for tests: hosts of its own, real containerd, real etcd, and kubectl to work with. */
import { randomBytes } from 'node:crypto';
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { RUN_VARIABLE, clusterPrefix } from './clean-up.ts';
import { kubectl, spawnKubectl } from './kubectl.ts';
import { LocalCluster } from '../../cli/local/cluster.ts';
import { adminClient, nodesReady, serversReady } from '../../cli/local/ready.ts';
import type { RestClient } from '../../lib/client/rest.ts';
import { systemClock } from '../../lib/clock.ts';

export class TestCluster {
  readonly local: LocalCluster;
  readonly client: RestClient;

  private constructor(local: LocalCluster, client: RestClient) {
    this.local = local;
    this.client = client;
  }

  /** Resolves when every node is ready. Nothing is left behind when it can't be started. */
  static async start(options: { nodes?: number; servers?: number } = {}): Promise<TestCluster> {
    const run = process.env[RUN_VARIABLE] ?? randomBytes(4).toString('hex');
    const name = clusterPrefix(run) + randomBytes(2).toString('hex');
    const local = LocalCluster.define(name, options.servers ?? 1, options.nodes ?? 3);
    try {
      await local.up(() => undefined);
      const client = await adminClient(local, systemClock);
      await serversReady(local, systemClock, () => undefined);
      await nodesReady(client, local.nodeNames, systemClock, () => undefined);
      return new TestCluster(local, client);
    } catch (error) {
      await local.down(() => undefined);
      throw error;
    }
  }

  async stop(): Promise<void> {
    this.client.close();
    await this.local.down(() => undefined);
  }

  /** What kubectl printed. Rejects with what it complained of when it fails. */
  async kubectl(...args: string[]): Promise<string> {
    const result = await kubectl(this.local.kubeconfig, args);
    if (result.code !== 0) throw new Error(`kubectl ${args.join(' ')}: ${result.stderr || `exit code ${result.code}`}`);
    return result.stdout;
  }

  /** Like {@link kubectl}, with something on standard input. */
  async kubectlWith(stdin: string, ...args: string[]): Promise<string> {
    const result = await kubectl(this.local.kubeconfig, args, stdin);
    if (result.code !== 0) throw new Error(`kubectl ${args.join(' ')}: ${result.stderr || `exit code ${result.code}`}`);
    return result.stdout;
  }

  /** Leaves it running; the caller ends it. */
  spawnKubectl(...args: string[]): Promise<ChildProcessWithoutNullStreams> {
    return spawnKubectl(this.local.kubeconfig, args);
  }
}
