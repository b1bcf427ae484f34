/** The real program `dure server` as a process, on a host of its own: a network namespace that this machine reaches. */
import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes, randomInt } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { sh } from './network-hosts.ts';

const PROGRAM = new URL('../../dure.ts', import.meta.url).pathname;
const START_MILLISECONDS = 60_000;
const STOP_MILLISECONDS = 60_000;

export interface Ended {
  readonly code: number | null;
  /** What it wrote to standard error that is no line of its log. */
  readonly said: string[];
}

interface Place {
  namespace: string;
  address: string;
  outside: string;
  dataDir: string;
}

export class ServerHost {
  readonly address: string;
  readonly dataDir: string;
  /** Where the host finds this machine. */
  readonly outside: string;
  private readonly namespace: string;
  private readonly running = new Set<ServerProcess>();

  private constructor({ namespace, address, outside, dataDir }: Place) {
    this.outside = outside;
    this.namespace = namespace;
    this.address = address;
    this.dataDir = dataDir;
  }

  static async make(): Promise<ServerHost> {
    const id = randomBytes(3).toString('hex');
    const dataDir = await mkdtemp(path.join(tmpdir(), 'dure-server-'));
    // Addresses for tests of networks (RFC 2544), four of them.
    const prefix = `198.18.${randomInt(256)}`;
    const first = randomInt(64) * 4;
    const [outside, address] = [`${prefix}.${first + 1}`, `${prefix}.${first + 2}`];
    const host = new ServerHost({ namespace: `dt${id}-server`, address, outside, dataDir });
    const { namespace } = host;
    try {
      await sh('ip', 'netns', 'add', namespace);
      await sh('ip', '-n', namespace, 'link', 'set', 'lo', 'up');
      await sh('ip', 'link', 'add', `ds${id}`, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', namespace);
      await sh('ip', 'addr', 'add', `${outside}/30`, 'dev', `ds${id}`);
      await sh('ip', 'link', 'set', `ds${id}`, 'up');
      await sh('ip', '-n', namespace, 'addr', 'add', `${address}/30`, 'dev', 'eth0');
      await sh('ip', '-n', namespace, 'link', 'set', 'eth0', 'up');
      return host;
    } catch (error) {
      await host.remove();
      throw error;
    }
  }

  /** `dure server` with the data directory of this host, unless `flags` name another. */
  run(...flags: string[]): ServerProcess {
    const own = ['--data-dir', this.dataDir, '--advertise-address', this.address];
    const command = [`--net=/run/netns/${this.namespace}`, process.execPath, PROGRAM, 'server', ...own, ...flags];
    const server = new ServerProcess(spawn('nsenter', command, { stdio: ['ignore', 'pipe', 'pipe'] }));
    this.running.add(server);
    void server.ended.then(() => this.running.delete(server));
    return server;
  }

  /** Of all processes on this host. */
  async pids(): Promise<string[]> {
    return (await sh('ip', 'netns', 'pids', this.namespace)).split('\n').filter((line) => line !== '');
  }

  /** Ends all that runs on it. */
  async end(): Promise<void> {
    for (const server of this.running) server.signal('SIGKILL');
    await Promise.all([...this.running].map(({ ended }) => ended));
    if (!existsSync(`/run/netns/${this.namespace}`)) return;
    for (const pid of await this.pids()) process.kill(Number(pid), 'SIGKILL');
  }

  async remove(): Promise<void> {
    await this.end();
    if (existsSync(`/run/netns/${this.namespace}`)) await sh('ip', 'netns', 'delete', this.namespace);
    await rm(this.dataDir, { recursive: true, force: true });
  }
}

export class ServerProcess {
  readonly ended: Promise<Ended>;
  private readonly child: ChildProcess;
  private readonly lines: string[] = [];
  private readonly waiting = new Set<() => void>();

  constructor(child: ChildProcess) {
    this.child = child;
    const closed = once(child, 'close');
    if (!child.stderr || !child.stdout) throw new Error('the output of the server must be piped');
    child.stdout.resume();
    createInterface({ input: child.stderr }).on('line', (line) => {
      this.lines.push(line);
      for (const look of this.waiting) look();
    });
    this.ended = closed.then(([code]) => ({ code: code as number | null, said: this.said }));
  }

  private get said(): string[] {
    return this.lines.filter((line) => !line.startsWith('{'));
  }

  /** Resolves when it answers requests. Rejects when it ends before. */
  ready(): Promise<void> {
    return this.logged('ready', START_MILLISECONDS);
  }

  /** Resolves when it has heard that it is to stop. */
  stopping(): Promise<void> {
    return this.logged('stopping', STOP_MILLISECONDS);
  }

  signal(name: NodeJS.Signals): void {
    this.child.kill(name);
  }

  /** Resolves when it has logged that message. */
  logged(message: string, milliseconds = START_MILLISECONDS): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const look = (): void => {
      if (this.lines.some((line) => line.endsWith(`"msg":"${message}"}`))) resolve();
    };
    const late = setTimeout(() => reject(new Error(`the server did not log "${message}"`)), milliseconds);
    void this.ended.then(({ said }) => reject(new Error(`the server ended before "${message}": ${said.join('; ')}`)));
    this.waiting.add(look);
    look();
    return promise.finally(() => {
      clearTimeout(late);
      this.waiting.delete(look);
    });
  }
}
