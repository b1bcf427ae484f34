/** What a verb works with: the cluster that the flags and kubeconfig name, and where output goes. */
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import type { Clock } from '../lib/clock.ts';
import { RestClient } from '../lib/client/rest.ts';
import type { ClusterAccess } from '../lib/client/cluster.ts';
import type { Discovery } from './discovery.ts';
import { UsageError } from './errors.ts';
import type { GlobalValues } from './globals.ts';
import { parseDuration } from '../api/machinery/duration.ts';
import { kubeconfigPaths, loadKubeconfig, resolveKubeconfig, type Kubeconfig, type Resolved } from './kubeconfig.ts';

export const VERSION = '0.1.0';

export type Output = Writable & { readonly isTTY?: boolean; readonly columns?: number; readonly rows?: number };
export type Input = Readable & { readonly isTTY?: boolean; setRawMode?(raw: boolean): unknown };

/** The process, as far as verbs may touch it. */
export interface World {
  readonly env: NodeJS.ProcessEnv;
  readonly home: string;
  readonly stdin: Input;
  readonly stdout: Output;
  readonly stderr: Output;
  readonly clock: Clock;
  /** Calls `stop` for Ctrl-C and SIGTERM until the function it returns is called. */
  onInterrupt(stop: () => void): () => void;
}

export class Session {
  readonly world: World;
  readonly globals: GlobalValues;
  private known: Resolved | undefined;
  private rest: RestClient | undefined;
  private resources: Promise<Discovery> | undefined;

  constructor(options: { readonly world: World; readonly globals: GlobalValues }) {
    this.world = options.world;
    this.globals = options.globals;
  }

  /** A line on standard output. */
  print(line: string): void {
    this.world.stdout.write(`${line}\n`);
  }

  write(text: string | Uint8Array): void {
    this.world.stdout.write(text);
  }

  /** A line on standard error. */
  warn(line: string): void {
    this.world.stderr.write(`${line}\n`);
  }

  get kubeconfigPaths(): string[] {
    return kubeconfigPaths(this.globals.kubeconfig, this.world.env, this.world.home);
  }

  kubeconfig(): Kubeconfig {
    return loadKubeconfig(this.kubeconfigPaths);
  }

  async access(): Promise<ClusterAccess> {
    return (await this.resolved()).access;
  }

  /** The one to work in when an object names none. */
  async namespace(): Promise<string> {
    return this.globals.namespace || (await this.resolved()).namespace || 'default';
  }

  async client(): Promise<RestClient> {
    this.rest ??= new RestClient({
      access: await this.access(),
      clock: this.world.clock,
      userAgent: `dure/${VERSION} (${process.platform}/${process.arch})`,
      onWarning: (text) => this.warn(`Warning: ${text}`),
    });
    return this.rest;
  }

  discovery(): Promise<Discovery> {
    this.resources ??= this.discover();
    return this.resources;
  }

  /** For one request: aborts after --request-timeout, if there is one. */
  get requestSignal(): AbortSignal | undefined {
    const given = this.globals.requestTimeout;
    const milliseconds = /^\d+$/.test(given) ? Number(given) * 1000 : parseDuration(given) / 1e6;
    if (Number.isNaN(milliseconds)) throw new UsageError(`invalid timeout value "${given}"`);
    return milliseconds === 0 ? undefined : AbortSignal.timeout(milliseconds);
  }

  close(): void {
    this.rest?.close();
  }

  private async discover(): Promise<Discovery> {
    const { Discovery } = await import('./discovery.ts');
    const { env, home, clock } = this.world;
    return new Discovery({
      client: await this.client(),
      server: (await this.access()).server,
      directory: this.globals.cacheDir ?? env['KUBECACHEDIR'] ?? join(home, '.kube', 'cache'),
      clock,
    });
  }

  private async resolved(): Promise<Resolved> {
    this.known ??= resolveKubeconfig(await this.configOrLocalCluster(), this.globals);
    return this.known;
  }

  /** With no kubeconfig anywhere, the local cluster of this machine is what is meant. */
  private async configOrLocalCluster(): Promise<Kubeconfig> {
    const config = this.kubeconfig();
    const isEmpty = config.clusters.size === 0 && config.contexts.size === 0;
    if (!isEmpty || this.globals.server !== undefined || this.globals.kubeconfig !== undefined) return config;
    const { localKubeconfig } = await import('./local-default.ts');
    const path = localKubeconfig();
    return path === undefined ? config : loadKubeconfig([path]);
  }
}
