/**
 * The control groups above the containers: one root, below it one for each lower quality class, below those one for each
 * pod. Their CPU weights keep what best-effort pods use from starving the others, the agent above all.
 *
 *     <root>                     guaranteed pods here
 *     <root>/burstable           weight: what its pods ask for
 *     <root>/besteffort          the smallest weight
 *
 * An edge: it writes files below /sys/fs/cgroup, of either version. They are made and written synchronously: behind them is
 * the kernel's memory and no disk, and handing such a call to another thread costs more than the call.
 */
import {
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  realpathSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { readdir, rmdir } from 'node:fs/promises';
import path from 'node:path';
import type { Pod } from '../../api/types/core.v1.ts';
import { podCpuRequest, qosOf, sharesOf } from './resources.ts';

export interface Cgroups {
  /** The path of the pod's control group, as the runtime wants it for `cgroupParent`. */
  pathOf(pod: Pod): string;
  /** Makes the pod's control group and returns its path. */
  ensure(pod: Pod): Promise<string>;
  /** Weighs the burstable pods together. */
  weigh(burstableMilliCpu: number): Promise<void>;
  /** Removes the pod's control group; done when there is none. */
  remove(uid: string): Promise<void>;
}

/** For runtimes that keep no control groups. */
export const noCgroups: Cgroups = {
  pathOf: () => '',
  ensure: () => Promise.resolve(''),
  weigh: () => Promise.resolve(),
  remove: () => Promise.resolve(),
};

export interface FileCgroupsOptions {
  /** `/dure`, or whatever the host's agent was given. */
  root: string;
  /** `/sys/fs/cgroup`. */
  mount?: string;
}

/** The groups of the quality classes below the root; guaranteed pods are in the root itself. */
export const QOS_GROUPS = ['', 'burstable', 'besteffort'] as const;
const V2_CONTROLLERS = ['cpu', 'memory', 'pids'];

/** What kind of control groups the host has. */
interface Hierarchy {
  readonly version: 'v1' | 'v2';
  /** Where pods' groups are made and weighed; undefined when the host has none. */
  readonly main: string | undefined;
  /** Where else the runtime makes them, when it makes those of the containers: with version 1 each controller has its own. */
  readonly others: readonly string[];
}

export class FileCgroups implements Cgroups {
  private readonly root: string;
  private readonly mount: string;
  private prepared: Hierarchy | undefined;
  private burstableShares: number | undefined;

  constructor(options: FileCgroupsOptions) {
    this.root = options.root;
    this.mount = options.mount ?? '/sys/fs/cgroup';
  }

  pathOf(pod: Pod): string {
    return path.join(this.classGroup(pod), `pod${pod.metadata.uid}`);
  }

  // oxlint-disable-next-line require-await -- what goes wrong has to be a rejection
  async ensure(pod: Pod): Promise<string> {
    const hierarchy = this.prepare();
    const group = this.pathOf(pod);
    this.make(hierarchy, group);
    // Before the runtime puts anything in it, so that a pod can be frozen at every moment.
    const freezer = hierarchy.others.find((directory) => path.basename(directory) === 'freezer');
    if (freezer !== undefined) mkdirSync(path.join(freezer, group), { recursive: true });
    this.setWeight(hierarchy, group, sharesOf(podCpuRequest(pod)));
    return group;
  }

  // oxlint-disable-next-line require-await -- as above
  async weigh(burstableMilliCpu: number): Promise<void> {
    const hierarchy = this.prepare();
    const shares = sharesOf(burstableMilliCpu);
    // The kernel takes its locks for every write, and whoever starts a container holds them for long.
    if (shares === this.burstableShares) return;
    this.setWeight(hierarchy, path.join(this.root, 'burstable'), shares);
    this.burstableShares = shares;
  }

  async remove(uid: string): Promise<void> {
    const { main, others } = this.hierarchy();
    for (const qos of QOS_GROUPS) {
      const group = path.join(this.root, qos, `pod${uid}`);
      if (main === undefined || !existsSync(path.join(main, group))) continue;
      await Promise.all(others.map((directory) => removeTree(path.join(directory, group))));
      // Last: while it is there, the others are known to be looked for.
      await removeTree(path.join(main, group));
    }
  }

  private classGroup(pod: Pod): string {
    const qos = qosOf(pod);
    return qos === 'Guaranteed' ? this.root : path.join(this.root, qos.toLowerCase());
  }

  /** Makes what is above the pods' groups, once. */
  private prepare(): Hierarchy {
    if (this.prepared) return this.prepared;
    const hierarchy = this.hierarchy();
    const levels = this.root.split('/').filter((part) => part !== '');
    if (hierarchy.version === 'v2') {
      for (let depth = 0; depth < levels.length; depth += 1) this.make(hierarchy, levels.slice(0, depth).join('/'));
    }
    for (const qos of QOS_GROUPS) this.make(hierarchy, path.join(this.root, qos));
    this.setWeight(hierarchy, path.join(this.root, 'besteffort'), sharesOf(0));
    this.prepared = hierarchy;
    return hierarchy;
  }

  private make({ version, main }: Hierarchy, group: string): void {
    if (main !== undefined) mkdirSync(path.join(main, group), { recursive: true });
    if (version === 'v2') this.handOn(group);
  }

  /** With version 2 each level has to hand the controllers on before the one below can use them. */
  private handOn(group: string): void {
    const level = path.join(this.mount, group);
    const available = readFileSync(path.join(level, 'cgroup.controllers'), 'utf8').trim().split(' ');
    const wanted = V2_CONTROLLERS.filter((name) => available.includes(name)).map((name) => `+${name}`);
    writeFileSync(path.join(level, 'cgroup.subtree_control'), wanted.join(' '));
  }

  private setWeight({ version, main }: Hierarchy, group: string, shares: number): void {
    if (main === undefined) return;
    const [file, value] = version === 'v1' ? ['cpu.shares', shares] : ['cpu.weight', weightOf(shares)];
    try {
      overwrite(path.join(main, group, file), String(value));
    } catch (error) {
      // A file that is not there belongs to a controller that is not.
      ignoreMissing(error as NodeJS.ErrnoException);
    }
  }

  private hierarchy(): Hierarchy {
    if (this.prepared) return this.prepared;
    if (existsSync(path.join(this.mount, 'cgroup.controllers'))) return { version: 'v2', main: this.mount, others: [] };
    // Links lead to controllers that share a directory under another name.
    const mounted = existsSync(this.mount) ? readdirSync(this.mount, { withFileTypes: true }) : [];
    const all = mounted.filter((entry) => entry.isDirectory()).map(({ name }) => path.join(this.mount, name));
    const cpu = path.join(this.mount, 'cpu');
    const main = existsSync(cpu) ? realpathSync(cpu) : all[0];
    return { version: 'v1', main, others: all.filter((directory) => directory !== main) };
  }
}

/** From 2…262144 of version 1 to 1…10000 of version 2. */
export function weightOf(shares: number): number {
  return Math.floor(1 + ((shares - 2) * 9999) / 262_142);
}

/** Makes no file that is not there. */
function overwrite(file: string, text: string): void {
  const descriptor = openSync(file, constants.O_WRONLY | constants.O_TRUNC);
  try {
    writeSync(descriptor, text);
  } finally {
    closeSync(descriptor);
  }
}

/** Control groups go by rmdir, from the innermost out; the files in them can't be removed. */
async function removeTree(directory: string): Promise<void> {
  const entries = await readdir(directory, { withFileTypes: true }).catch(ignoreMissing);
  for (const entry of entries ?? []) if (entry.isDirectory()) await removeTree(path.join(directory, entry.name));
  if (entries) await rmdir(directory).catch(ignoreMissing);
}

function ignoreMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
  return undefined;
}
