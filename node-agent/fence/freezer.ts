/**
 * Stops all processes of a pod at once, and ends stopped ones. By the control group of the whole pod: one write for all of
 * its containers and for whatever enters it later (an exec, a container that is being started), which neither needs the
 * runtime nor forks. A process stops at the latest when it would next return from the kernel to its own instructions.
 *
 * An edge: it reads and writes files below /sys/fs/cgroup, of either version, synchronously as in `cgroups.ts`.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { QOS_GROUPS } from '../pods/cgroups.ts';

/** `absent`: there is no such pod on this node. `freezing`: asked for, and some process is still in the kernel. */
export type FreezerState = 'absent' | 'running' | 'freezing' | 'frozen';

/** How the node freezes; `none`: it can't, and a pod can only be ended. */
export type FreezerVersion = 'v1' | 'v2' | 'none';

export interface Freezer {
  readonly version: FreezerVersion;
  stateOf(uid: string): FreezerState;
  /** Asks for it; {@link stateOf} says when it is so. Does nothing where a pod can't be frozen. */
  freeze(uid: string): void;
  thaw(uid: string): void;
  /** Ends every process, frozen or not; a frozen one executes no further instruction of its own. */
  kill(uid: string): void;
  /** Where the pod's groups are or would be. */
  groupsOf(uid: string): string[];
}

export interface FileFreezerOptions {
  /** `/dure`, or whatever the host's agent was given. */
  root: string;
  /** `/sys/fs/cgroup`. */
  mount?: string;
  /** Sends SIGKILL. */
  killProcess(pid: number): void;
}

/** Processes that are not frozen may fork while they are killed. */
const MAX_KILL_ROUNDS = 20;

export class FileFreezer implements Freezer {
  readonly version: FreezerVersion;
  private readonly options: FileFreezerOptions;
  private readonly base: string;

  constructor(options: FileFreezerOptions) {
    const { root, mount = '/sys/fs/cgroup' } = options;
    const isUnified = existsSync(path.join(mount, 'cgroup.controllers'));
    const freezer = path.join(mount, 'freezer');
    this.version = isUnified ? 'v2' : existsSync(freezer) ? 'v1' : 'none';
    this.base = path.join({ v2: mount, v1: freezer, none: path.join(mount, 'cpu') }[this.version], root);
    this.options = options;
  }

  groupsOf(uid: string): string[] {
    return QOS_GROUPS.map((qos) => path.join(this.base, qos, `pod${uid}`));
  }

  stateOf(uid: string): FreezerState {
    const states = this.present(uid).map((group) => this.stateOfGroup(group));
    const order: FreezerState[] = ['running', 'freezing', 'frozen'];
    return order.find((state) => states.includes(state)) ?? 'absent';
  }

  freeze(uid: string): void {
    for (const group of this.present(uid)) this.set(group, true);
  }

  thaw(uid: string): void {
    for (const group of this.present(uid)) this.set(group, false);
  }

  kill(uid: string): void {
    for (const group of this.present(uid)) {
      const killed = new Set<number>();
      for (let round = 0; round < MAX_KILL_ROUNDS; round += 1) {
        const fresh = processesIn(group).filter((pid) => !killed.has(pid));
        if (fresh.length === 0) break;
        for (const pid of fresh) this.options.killProcess(pid);
        for (const pid of fresh) killed.add(pid);
      }
      // With version 1 they stay frozen with the signal, and meet it before anything else when they are let go.
      this.set(group, false);
    }
  }

  private present(uid: string): string[] {
    return this.groupsOf(uid).filter((group) => existsSync(group));
  }

  private stateOfGroup(group: string): FreezerState {
    const read = (file: string): string => readIfThere(path.join(group, file));
    switch (this.version) {
      case 'v1':
        if (read('freezer.self_freezing').trim() !== '1') return 'running';
        return read('freezer.state').trim() === 'FROZEN' ? 'frozen' : 'freezing';
      case 'v2':
        if (read('cgroup.freeze').trim() !== '1') return 'running';
        return /^frozen 1$/m.test(read('cgroup.events')) ? 'frozen' : 'freezing';
      case 'none':
        return 'running';
    }
  }

  private set(group: string, isFrozen: boolean): void {
    if (this.version === 'v1') writeIfThere(path.join(group, 'freezer.state'), isFrozen ? 'FROZEN' : 'THAWED');
    if (this.version === 'v2') writeIfThere(path.join(group, 'cgroup.freeze'), isFrozen ? '1' : '0');
  }
}

/** Of the group and of all below it. */
function processesIn(group: string): number[] {
  const own = readIfThere(path.join(group, 'cgroup.procs')).split('\n').map(Number).filter(Boolean);
  return [...own, ...groupsIn(group).flatMap((name) => processesIn(path.join(group, name)))];
}

function groupsIn(group: string): string[] {
  try {
    const entries = readdirSync(group, { withFileTypes: true });
    return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  } catch (error) {
    return unlessGone(error, []);
  }
}

function readIfThere(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    return unlessGone(error, '');
  }
}

/** Control groups' files are there as long as their group is; none is made. */
function writeIfThere(file: string, text: string): void {
  try {
    writeFileSync(file, text, { flag: 'r+' });
  } catch (error) {
    unlessGone(error, undefined);
  }
}

/** Pods and their containers go at any time, and their groups with them. */
function unlessGone<T>(error: unknown, instead: T): T {
  if (['ENOENT', 'ENODEV', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return instead;
  throw error;
}

/** The signal of {@link FileFreezerOptions.killProcess}; a process that has gone by itself is as good. */
export function killAtOnce(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
