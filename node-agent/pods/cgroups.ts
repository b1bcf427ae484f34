/**
 * The control groups above the containers: one root, below it one for each lower quality class, below those one for each
 * pod. Their CPU weights keep what best-effort pods use from starving the others, the agent above all.
 *
 *     <root>                     guaranteed pods here
 *     <root>/burstable           weight: what its pods ask for
 *     <root>/besteffort          the smallest weight
 *
 * An edge: it writes files below /sys/fs/cgroup, of either version.
 */
import { mkdir, readdir, readFile, rmdir, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Pod } from '../../api/schema/types/core.v1.ts';
import { podCpuRequest, qosOf, sharesOf } from './resources.ts';

export interface Cgroups {
  /** Makes the pod's control group and returns its path, as the runtime wants it for `cgroupParent`. */
  ensure(pod: Pod): Promise<string>;
  /** Weighs the burstable pods together. */
  weigh(burstableMilliCpu: number): Promise<void>;
  /** Removes the pod's control group; done when there is none. */
  remove(uid: string): Promise<void>;
}

/** For runtimes that keep no control groups. */
export const noCgroups: Cgroups = {
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

const CLASSES = ['', 'burstable', 'besteffort'] as const;
const V2_CONTROLLERS = ['cpu', 'memory', 'pids'];

export class FileCgroups implements Cgroups {
  private readonly root: string;
  private readonly mount: string;
  private prepared: Promise<'v1' | 'v2'> | undefined;

  constructor(options: FileCgroupsOptions) {
    this.root = options.root;
    this.mount = options.mount ?? '/sys/fs/cgroup';
  }

  async ensure(pod: Pod): Promise<string> {
    const version = await this.prepare();
    const group = path.join(this.classGroup(pod), `pod${pod.metadata.uid}`);
    await this.make(version, group);
    await this.setWeight(version, group, sharesOf(podCpuRequest(pod)));
    return group;
  }

  async weigh(burstableMilliCpu: number): Promise<void> {
    const version = await this.prepare();
    await this.setWeight(version, path.join(this.root, 'burstable'), sharesOf(burstableMilliCpu));
  }

  async remove(uid: string): Promise<void> {
    for (const directory of await this.bases()) {
      for (const qos of CLASSES) await removeTree(path.join(directory, this.root, qos, `pod${uid}`));
    }
  }

  private classGroup(pod: Pod): string {
    const qos = qosOf(pod);
    return qos === 'Guaranteed' ? this.root : path.join(this.root, qos.toLowerCase());
  }

  private prepare(): Promise<'v1' | 'v2'> {
    this.prepared ??= this.prepareOnce().catch((error: unknown) => {
      this.prepared = undefined;
      throw error;
    });
    return this.prepared;
  }

  private async prepareOnce(): Promise<'v1' | 'v2'> {
    const version = (await exists(path.join(this.mount, 'cgroup.controllers'))) ? 'v2' : 'v1';
    for (const qos of CLASSES) await this.make(version, path.join(this.root, qos));
    await this.setWeight(version, path.join(this.root, 'besteffort'), sharesOf(0));
    await this.setWeight(version, path.join(this.root, 'burstable'), sharesOf(0));
    return version;
  }

  private async make(version: 'v1' | 'v2', group: string): Promise<void> {
    for (const directory of await this.bases()) await mkdir(path.join(directory, group), { recursive: true });
    if (version === 'v2') {
      // Each level has to hand the controllers on before the one below can use them.
      const levels = group.split('/').filter((part) => part !== '');
      for (let depth = 0; depth <= levels.length; depth += 1) {
        const level = path.join(this.mount, ...levels.slice(0, depth));
        const available = (await readFile(path.join(level, 'cgroup.controllers'), 'utf8')).trim().split(' ');
        const wanted = V2_CONTROLLERS.filter((name) => available.includes(name)).map((name) => `+${name}`);
        await writeFile(path.join(level, 'cgroup.subtree_control'), wanted.join(' '));
      }
    }
  }

  private async setWeight(version: 'v1' | 'v2', group: string, shares: number): Promise<void> {
    if (version === 'v1') {
      const file = path.join(this.mount, 'cpu', group, 'cpu.shares');
      if (await exists(file)) await writeFile(file, String(shares));
      return;
    }
    const file = path.join(this.mount, group, 'cpu.weight');
    if (await exists(file)) await writeFile(file, String(weightOf(shares)));
  }

  /** One directory for version 2; one for each controller of version 1. */
  private async bases(): Promise<string[]> {
    if (await exists(path.join(this.mount, 'cgroup.controllers'))) return [this.mount];
    const controllers: string[] = [];
    for (const name of ['cpu', 'memory', 'pids']) {
      if (await exists(path.join(this.mount, name))) controllers.push(path.join(this.mount, name));
    }
    return controllers;
  }
}

/** From 2…262144 of version 1 to 1…10000 of version 2. */
export function weightOf(shares: number): number {
  return Math.floor(1 + ((shares - 2) * 9999) / 262_142);
}

async function exists(file: string): Promise<boolean> {
  return stat(file).then(
    () => true,
    () => false,
  );
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
