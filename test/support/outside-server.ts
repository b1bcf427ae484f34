/** `dure server` as a process of its own on etcd servers that it did not start, on free ports of this machine. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { loadKubeconfig, resolveKubeconfig } from '../../cli/kubeconfig.ts';
import { RestClient } from '../../lib/client/rest.ts';
import { systemClock } from '../../lib/clock.ts';
import { freePort } from './etcd.ts';

const PROGRAM = new URL('../../dure.ts', import.meta.url).pathname;
const STOP_MILLISECONDS = 10_000;

export class OutsideServer {
  private readonly directory: string;
  private readonly child: ChildProcess;

  private constructor(directory: string, child: ChildProcess) {
    this.directory = directory;
    this.child = child;
  }

  /** Resolves when it says that it is ready. */
  static async start(etcdServers: readonly string[]): Promise<OutsideServer> {
    const directory = mkdtempSync(path.join(tmpdir(), 'dure-outside-'));
    const flags = {
      'data-dir': directory,
      name: 'outside',
      'bind-address': '127.0.0.1',
      'advertise-address': '127.0.0.1',
      port: await freePort(),
      'agent-port': await freePort(),
      'web-port': await freePort(),
      'etcd-servers': etcdServers.join(','),
    };
    const args = [PROGRAM, 'server', ...Object.entries(flags).flatMap(([name, value]) => [`--${name}`, String(value)])];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'] });
    const server = new OutsideServer(directory, child);
    try {
      await untilReady(child);
      return server;
    } catch (error) {
      await server.stop();
      throw error;
    }
  }

  /** As its administrator. */
  client(): RestClient {
    const { access } = resolveKubeconfig(loadKubeconfig([path.join(this.directory, 'pki', 'admin.kubeconfig')]), {});
    return new RestClient({ access, clock: systemClock, userAgent: 'test' });
  }

  async stop(): Promise<void> {
    const { child } = this;
    if (child.exitCode === null && child.signalCode === null) {
      const late = systemClock.after(STOP_MILLISECONDS, () => child.kill('SIGKILL'));
      child.kill('SIGTERM');
      await once(child, 'exit');
      late.cancel();
    }
    rmSync(this.directory, { recursive: true, force: true });
  }
}

/** Rejects when it ends before; what it said last is the reason. */
function untilReady(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let last = '';
    child.once('exit', (code) => reject(new Error(`the server ended with ${code} before it was ready: ${last}`)));
    if (!child.stderr) return;
    createInterface(child.stderr).on('line', (line) => {
      last = line;
      if (line.includes('"msg":"ready"')) resolve();
    });
  });
}
