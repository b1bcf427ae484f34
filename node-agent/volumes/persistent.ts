/**
 * Persistent volumes on this node. A provisioned one is a directory below the agent's data directory, made when a pod
 * first uses it; its name is all that is known of it elsewhere. What a pod has mounted is recorded beside its other
 * volumes: from then on it is the pod's until the pod has ended, whatever becomes of the claim, and over restarts.
 */
import { chmod, lstat, mkdir, open, readdir, realpath, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { NodeClaim, NodeVolume } from '../../api/node-volumes.ts';
import type { Pod, Volume } from '../../api/types/core.v1.ts';
import { readIfPresent, writePrivate } from '../../lib/files.ts';
import type { View } from '../../lib/view.ts';
import { checkNode, isReadOnly, MountError, placeOf, volumeOf } from './claimed.ts';
import { makeUntyped, prepareHostPath } from './host-path.ts';
import { giveToGroup } from './ownership.ts';
import { VolumeError } from './port.ts';

export interface PersistentVolumesOptions {
  /** The directories of volumes that are provisioned, by handle. */
  readonly directory: string;
  /** A file each for those that were made here, elsewhere than they are: they may be on a disk that is not there one day. */
  readonly marks: string;
  /** As in {@link DiskVolumesOptions}. */
  readonly root: string;
  readonly claims: View<NodeClaim>;
  /** This node, as the control plane knows it. */
  readonly node: () => { readonly name: string; readonly labels: Readonly<Record<string, string>> | undefined };
}

/** What a pod has of a persistent volume. */
export interface Mounted {
  /** The persistent volume's name. */
  readonly volume: string;
  readonly path: string;
  readonly isReadOnly: boolean;
}

const KIND = 'persistent';

export class PersistentVolumes {
  private readonly options: PersistentVolumesOptions;

  constructor(options: PersistentVolumesOptions) {
    this.options = options;
  }

  /** Done for what is mounted already, as long as it is there. Rejects with {@link MountError}. */
  async mount(pod: Pod, volume: Volume): Promise<void> {
    const record = this.recordOf(pod, volume);
    const known = await readRecord(record);
    if (known) await explain(known.volume, () => checkThere(known.path));
    else await this.mountFirst(pod, volume, record);
  }

  /**
   * Rejects with {@link VolumeError} when it is not mounted, or has vanished: a runtime would make an empty directory in
   * its place.
   */
  async mounted(pod: Pod, volume: Volume): Promise<Mounted> {
    const known = await readRecord(this.recordOf(pod, volume));
    if (!known) throw new VolumeError(`volume "${volume.name}" is not mounted`);
    await checkThere(known.path);
    return known;
  }

  /** It was removed on purpose: a volume of that handle would be another one. */
  async forget(handle: string): Promise<void> {
    await rm(path.join(this.options.marks, handle), { force: true });
  }

  /** The pods, by uid, that have what is at the path. */
  async usersOf(place: string): Promise<string[]> {
    const uids = (await readdir(this.options.root).catch(ignoreMissing)) ?? [];
    const users: string[] = [];
    for (const uid of uids) {
      const records = this.recordsOf(uid);
      const names = (await readdir(records).catch(ignoreMissing)) ?? [];
      // No volume begins with a dot: that is a record that a crash left half written.
      for (const name of names.filter((each) => !each.startsWith('.'))) {
        const known = await readRecord(path.join(records, name));
        if (known?.path === place) users.push(uid);
      }
    }
    return users;
  }

  private async mountFirst(pod: Pod, volume: Volume, record: string): Promise<void> {
    const found = volumeOf(pod, volume, this.options.claims);
    checkNode(found, this.options.node());
    const isOnlyRead = (volume.persistentVolumeClaim?.readOnly ?? false) || isReadOnly(found.spec);
    const { path: place, isOwned } = await explain(found.name, () => this.prepare(found));
    await explain(found.name, async () => {
      if (isOwned && !isOnlyRead) await this.give(pod, place);
      await mkdir(path.dirname(record), { recursive: true, mode: 0o750 });
      const mounted: Mounted = { volume: found.name, path: place, isReadOnly: isOnlyRead };
      await writePrivate(record, JSON.stringify(mounted));
    });
  }

  /** `isOwned`: whether its files are given to the pod's group. */
  private async prepare({ name, spec }: NodeVolume): Promise<{ path: string; isOwned: boolean }> {
    const place = placeOf(spec);
    switch (place.kind) {
      case 'provisioned':
        return { path: await this.provision(place.handle), isOwned: true };
      case 'local':
        // Where a link leads now is what the pod keeps.
        return { path: await localDirectory(name, place.path), isOwned: true };
      case 'hostPath':
        await prepareHostPath(place.source);
        await makeUntyped(place.source);
        return { path: place.source.path, isOwned: false };
    }
  }

  /**
   * Open to whoever runs in the container, as the user can't be known; only root comes here on the host itself. One that
   * was here and has vanished is not made again: a program that finds nothing begins anew, and nobody notices.
   */
  private async provision(handle: string): Promise<string> {
    const { directory, marks } = this.options;
    const place = path.join(directory, handle);
    const mark = path.join(marks, handle);
    // The mark first: another pod of the volume may be making both.
    const wasMade = (await readIfPresent(mark)) !== undefined;
    const found = await lstat(place).catch(ignoreMissing);
    if (found && !found.isDirectory()) throw new VolumeError(`${place} is not a directory`);
    if (!found) {
      if (wasMade) {
        throw new VolumeError(`${place} was there before and is missing; is its disk mounted?`);
      }
      await this.makeDirectory(place);
    }
    await mkdir(marks, { recursive: true, mode: 0o700 });
    await writeFile(mark, '');
    return place;
  }

  private async makeDirectory(place: string): Promise<void> {
    const { directory } = this.options;
    await mkdir(directory, { recursive: true, mode: 0o700 });
    try {
      await mkdir(place);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      // Another pod of the volume came first.
      return;
    }
    await chmod(place, 0o777);
    await sync(directory);
  }

  /** Not under the hands of another pod here, which may have made its own of what is in it. */
  private async give(pod: Pod, place: string): Promise<void> {
    const { fsGroup, fsGroupChangePolicy } = pod.spec.securityContext ?? {};
    if (fsGroup === undefined || (await this.usersOf(place)).length > 0) return;
    await giveToGroup(place, fsGroup, fsGroupChangePolicy);
  }

  private recordsOf(uid: string): string {
    return path.join(this.options.root, uid, 'volumes', KIND);
  }

  private recordOf({ metadata }: Pod, { name }: Volume): string {
    return path.join(this.recordsOf(metadata.uid ?? ''), name);
  }
}

async function readRecord(file: string): Promise<Mounted | undefined> {
  const text = await readIfPresent(file);
  return text === undefined ? undefined : (JSON.parse(text) as Mounted);
}

async function checkThere(place: string): Promise<void> {
  const isThere = await stat(place).then(
    () => true,
    (error: NodeJS.ErrnoException) => ignoreMissing(error) ?? false,
  );
  if (!isThere) throw new VolumeError(`path "${place}" does not exist`);
}

async function localDirectory(volume: string, place: string): Promise<string> {
  try {
    await checkThere(place);
  } catch (error) {
    const message = `MountVolume.NewMounter initialization failed for volume "${volume}" : ${(error as Error).message}`;
    throw new MountError(message, { cause: error });
  }
  const found = await realpath(place);
  if (!(await stat(found)).isDirectory()) throw new VolumeError(`path "${place}" is not a directory`);
  return found;
}

async function sync(directory: string): Promise<void> {
  const handle = await open(directory);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function explain<T>(volume: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof MountError) throw error;
    const message = `MountVolume.SetUp failed for volume "${volume}" : ${(error as Error).message}`;
    throw new MountError(message, { cause: error });
  }
}

function ignoreMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT' && error.code !== 'ENOTDIR') throw error;
  return undefined;
}
