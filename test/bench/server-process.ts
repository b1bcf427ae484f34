/** `dure server` as a process of its own on a real etcd, on free ports of this machine, for benches that ask what it needs. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { loadKubeconfig, resolveKubeconfig } from '../../cli/kubeconfig.ts';
import type { ClusterAccess } from '../../lib/client/cluster.ts';
import { Informer } from '../../lib/client/informer.ts';
import { RestClient } from '../../lib/client/rest.ts';
import { systemClock } from '../../lib/clock.ts';
import { freePort, startEtcd, type TestEtcd } from '../support/etcd.ts';
import { until } from '../support/until.ts';

const PROGRAM = new URL('../../dure.ts', import.meta.url).pathname;

export class ServerProcess {
  readonly pid: number;
  readonly etcdPid: number;
  /** The web side, which agents join at. */
  readonly webUrl: string;
  private readonly directory: string;
  private readonly etcd: TestEtcd;
  private readonly child: ChildProcess;

  private constructor(parts: { directory: string; etcd: TestEtcd; child: ChildProcess; webUrl: string }) {
    this.directory = parts.directory;
    this.etcd = parts.etcd;
    this.child = parts.child;
    this.webUrl = parts.webUrl;
    this.pid = parts.child.pid ?? 0;
    this.etcdPid = parts.etcd.member.pid ?? 0;
  }

  /** Resolves when it serves. `flags` are added to its own. */
  static async start(flags: Readonly<Record<string, string>> = {}): Promise<ServerProcess> {
    const etcd = await startEtcd({ requestTimeout: 30_000 });
    const directory = await mkdtemp(join(tmpdir(), 'dure-bench-'));
    const [port, agentPort, webPort] = [await freePort(), await freePort(), await freePort()];
    const all: Record<string, string> = {
      'data-dir': directory,
      name: 'bench',
      'bind-address': '127.0.0.1',
      'advertise-address': '127.0.0.1',
      port: String(port),
      'agent-port': String(agentPort),
      'web-port': String(webPort),
      'etcd-servers': etcd.url,
      ...flags,
    };
    const nodeFlags = [
      '--max-semi-space-size=8',
      ...(process.env['BENCH_SERVER_NODE_FLAGS'] ?? '').split(' ').filter(Boolean),
    ];
    const args = [
      ...nodeFlags,
      PROGRAM,
      'server',
      ...Object.entries(all).flatMap(([name, value]) => [`--${name}`, value]),
    ];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'] });
    const server = new ServerProcess({ directory, etcd, child, webUrl: `https://127.0.0.1:${webPort}` });
    try {
      await leading(child);
      await server.ready();
      return server;
    } catch (error) {
      await server.stop();
      throw error;
    }
  }

  get tokenFile(): string {
    return join(this.directory, 'join-token');
  }

  /** The administrator's. */
  get access(): ClusterAccess {
    return resolveKubeconfig(loadKubeconfig([join(this.directory, 'pki', 'admin.kubeconfig')]), {}).access;
  }

  client(): RestClient {
    return new RestClient({ access: this.access, clock: systemClock, userAgent: 'bench' });
  }

  /** Pods can be created once their namespace has an account for them. */
  private async ready(): Promise<void> {
    const path = '/api/v1/namespaces/default/serviceaccounts';
    const accounts = new Informer({ client: this.client(), path, clock: systemClock });
    await accounts.start();
    await until([accounts], () => accounts.size > 0, { what: 'the namespace has an account' });
    await accounts.stop();
  }

  async stop(): Promise<void> {
    if (this.child.exitCode === null) {
      this.child.kill('SIGTERM');
      await once(this.child, 'exit');
    }
    await this.etcd.close();
    await rm(this.directory, { recursive: true, force: true });
  }
}

/** Passes on what the server warns of. Rejects when it ends before it serves and leads. */
function leading(child: ChildProcess): Promise<void> {
  const wanted = new Set(['leading', 'ready']);
  return new Promise((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`the server ended with ${code} before it was ready`)));
    if (!child.stderr) return;
    createInterface(child.stderr).on('line', (line) => {
      const message = line.startsWith('{') ? (JSON.parse(line) as { level: string; msg: string }) : undefined;
      if (message?.level !== 'info') console.error(line);
      wanted.delete(message?.msg ?? '');
      if (wanted.size === 0) resolve();
    });
  });
}
