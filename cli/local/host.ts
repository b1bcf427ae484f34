/**
 * A host of a local cluster: network, mount, process and UTS namespaces of its own around one first process, so that it
 * dies like a machine when that process is killed, and boots again from what is on its disk.
 */
import { existsSync, mkdirSync, readFileSync, readdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { LocalError } from './errors.ts';
import { plugIn, setLink, unplug } from './link.ts';
import {
  childrenOf,
  identify,
  isAlive,
  output,
  type ProcessIdentity,
  run,
  signal,
  startDetached,
} from '../../lib/process.ts';
import type { HostPlace, Topology } from './topology.ts';

/** What runs on a host for as long as it is up; started again when it ends. */
export interface Service {
  name: string;
  command: readonly string[];
  environment?: Record<string, string>;
}

const SUPERVISOR = new URL('supervise.sh', import.meta.url).pathname;
const BOOT = new URL('boot.sh', import.meta.url).pathname;
const CGROUPS = '/sys/fs/cgroup';
/** How long a host that was told to stop has before it is switched off. */
const SHUTDOWN_MILLISECONDS = 20_000;

export class Host {
  readonly place: HostPlace;
  private readonly topology: Topology;

  constructor(topology: Topology, place: HostPlace) {
    this.topology = topology;
    this.place = place;
  }

  /** Boots it: the namespaces and the first process. Services are started by {@link startService}. */
  async boot(): Promise<void> {
    if (await this.isUp()) return;
    const { place } = this;
    mkdirSync(this.runDirectory, { recursive: true });
    await plugIn(this.topology, place);
    const namespaces = ['--mount', '--pid', '--uts', '--ipc', '--mount-proc', '--propagation', 'private'];
    const unshare = ['unshare', ...namespaces, '--fork', '--kill-child=SIGKILL'];
    const args = [`--net=/run/netns/${place.netns}`, ...unshare, 'sh', BOOT, place.name, place.directory];
    const outer = await startDetached('nsenter', args, this.logFile('boot'));
    const first = await firstChild(outer, this.file('booted'));
    if (!first) throw new LocalError(`host "${place.name}" did not boot; ${lastWords(this.logFile('boot'))}`);
    writeFileSync(this.file('init.json'), JSON.stringify({ outer, first }));
  }

  /** Starts a service unless it runs already. */
  async startService(service: Service): Promise<void> {
    if (await this.servicePid(service.name)) return;
    const environment = Object.entries(service.environment ?? {}).map(([key, value]) => `${key}=${value}`);
    const supervised = ['sh', SUPERVISOR, this.serviceFile(service.name), 'env', ...environment, ...service.command];
    const identity = await startDetached(
      'nsenter',
      [...(await this.enter()), ...supervised],
      this.logFile(service.name),
    );
    writeFileSync(this.file(`${service.name}.json`), JSON.stringify(identity));
  }

  /** Asks a service to end, in an orderly way, and not to be started again. */
  async stopService(name: string): Promise<void> {
    const supervisor = await this.recorded(`${name}.json`);
    if (!supervisor) return;
    // The supervisor runs below nsenter's process, which forwards nothing: it is asked by its own number.
    for (const pid of await childrenOf(supervisor.pid)) process.kill(pid, 'SIGTERM');
    await ended(supervisor, SHUTDOWN_MILLISECONDS);
  }

  /** The process of a service now, as this machine numbers it. */
  async servicePid(name: string): Promise<number | undefined> {
    const enterer = await this.recorded(`${name}.json`);
    if (!enterer || !isAlive(enterer)) return undefined;
    for (const supervisor of await childrenOf(enterer.pid)) {
      const [service] = await childrenOf(supervisor);
      if (service !== undefined) return service;
    }
    return undefined;
  }

  /** The arguments of nsenter that enter this host. */
  async enter(): Promise<string[]> {
    const first = await this.firstProcess();
    if (!first) throw new LocalError(`host "${this.place.name}" is down`);
    return [`--target=${first.pid}`, '--net', '--mount', '--pid', '--uts', '--ipc'];
  }

  /** Runs a program on the host to its end; rejects unless it exits with 0. */
  async run(program: string, ...args: string[]): Promise<string> {
    return run('nsenter', [...(await this.enter()), program, ...args]);
  }

  async isUp(): Promise<boolean> {
    return (await this.firstProcess()) !== undefined;
  }

  /** As if the power failed: not even a closing packet leaves it. */
  async kill(): Promise<void> {
    await setLink(this.topology, this.place, 'down');
    await this.switchOff();
  }

  async shutDown(services: readonly string[]): Promise<void> {
    for (const name of services) await this.stopService(name);
    await this.switchOff();
  }

  /** Removes what a host leaves outside of its namespaces and its directory. */
  async remove(): Promise<void> {
    await this.switchOff();
    await unplug(this.place);
    removeCgroups(this.place.cgroup);
  }

  private async switchOff(): Promise<void> {
    const first = await this.firstProcess();
    if (first && signal(first, 'SIGKILL')) await ended(first, SHUTDOWN_MILLISECONDS);
  }

  private async firstProcess(): Promise<ProcessIdentity | undefined> {
    const recorded = await this.recorded<{ first: ProcessIdentity }>('init.json');
    return recorded && isAlive(recorded.first) ? recorded.first : undefined;
  }

  private async recorded<T = ProcessIdentity>(name: string): Promise<T | undefined> {
    const path = this.file(name);
    return existsSync(path) ? (JSON.parse(await readFile(path, 'utf8')) as T) : undefined;
  }

  private get runDirectory(): string {
    return join(this.place.directory, 'run');
  }

  private file(name: string): string {
    return join(this.runDirectory, name);
  }

  private serviceFile(name: string): string {
    return join(this.runDirectory, `${name}.stopped`);
  }

  logFile(name: string): string {
    return join(this.place.directory, 'log', `${name}.log`);
  }
}

/** unshare forks the first process of the new namespace; it says that it has booted through a file. Undefined if it does not. */
async function firstChild(outer: ProcessIdentity, bootedFile: string): Promise<ProcessIdentity | undefined> {
  const deadline = Date.now() + SHUTDOWN_MILLISECONDS;
  while (Date.now() < deadline && isAlive(outer)) {
    const [pid] = await childrenOf(outer.pid);
    const identity = pid === undefined ? undefined : identify(pid);
    if (identity && existsSync(bootedFile)) return identity;
  }
  return undefined;
}

/** What a program that failed said last, and where it stands. */
function lastWords(logFile: string): string {
  const words = readFileSync(logFile, 'utf8').trimEnd().split('\n').at(-1);
  return `${words ? `its last words: ${words}` : 'it said nothing'} (${logFile})`;
}

async function ended(identity: ProcessIdentity, milliseconds: number): Promise<void> {
  // `tail --pid` waits for a process that is not our child.
  await output('timeout', [
    String(milliseconds / 1000),
    'tail',
    `--pid=${identity.pid}`,
    '-s',
    '0.05',
    '-f',
    '/dev/null',
  ]);
  if (isAlive(identity)) throw new Error(`process ${identity.pid} did not end within ${milliseconds / 1000} s`);
}

/** Every hierarchy of cgroup v1, and the unified one. */
function hierarchies(): string[] {
  const directories = readdirSync(CGROUPS, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return [CGROUPS, ...directories.map(({ name }) => join(CGROUPS, name))];
}

function removeCgroups(cgroup: string): void {
  for (const base of hierarchies()) removeTree(join(base, cgroup));
}

/** What held the hosts' groups together, once they are gone: the cluster's group, and the one above if it was the last. */
export function removeClusterCgroups(clusterName: string): void {
  for (const base of hierarchies()) {
    const top = join(base, 'dure');
    removeTree(join(top, clusterName));
    const isLast = existsSync(top) && !readdirSync(top, { withFileTypes: true }).some((entry) => entry.isDirectory());
    if (isLast) removeUnlessUsed(top);
  }
}

/** Another cluster may just be using it again. */
export function removeUnlessUsed(directory: string): void {
  try {
    rmdirSync(directory);
  } catch (error) {
    if (!['EBUSY', 'ENOENT', 'ENOTEMPTY'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
  }
}

function removeTree(directory: string): void {
  if (!existsSync(directory)) return;
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    if (entry.isDirectory()) removeTree(join(directory, entry.name));
  }
  rmdirSync(directory);
}
