/**
 * fsGroup: makes a volume belong to a group that may read and write in it, as Kubernetes does for volumes that outlive the
 * pod. The top comes last, so that one that was left halfway is seen to be so.
 */
import type { Stats } from 'node:fs';
import { chmod, chown, lchown } from 'node:fs/promises';
import { HeldDirectory } from './held-directory.ts';
import { VolumeError } from './port.ts';

const FILE_BITS = 0o660;
/** The group's bit on a directory makes what is created in it belong to the group too. */
const DIRECTORY_BITS = 0o2770;
const MODE = 0o7777;
/** Each level is a directory held open. */
const MAX_DEPTH = 512;

/** `policy`: fsGroupChangePolicy of the pod. Rejects with {@link VolumeError} for directories nested beyond all reason. */
export async function giveToGroup(volume: string, group: number, policy: string | undefined): Promise<void> {
  const top = await HeldDirectory.open(volume);
  try {
    const found = await top.stat();
    if (policy === 'OnRootMismatch' && isGivenTo(group, found)) return;
    await giveContents(top, group, 1);
    await give(top.path, found, group);
  } finally {
    await top.close();
  }
}

async function giveContents(directory: HeldDirectory, group: number, depth: number): Promise<void> {
  if (depth > MAX_DEPTH) throw new VolumeError(`directories are nested more than ${MAX_DEPTH} deep`);
  for await (const name of directory.names()) {
    try {
      const found = await directory.look(name);
      if (found.isDirectory()) await giveDirectory(directory, name, group, depth);
      else if (found.isSymbolicLink()) await giveLink(directory, name, found, group);
      else if (!isGivenTo(group, found)) {
        await directory.naming(name, (path, named) =>
          named.isSymbolicLink() ? Promise.resolve() : give(path, named, group),
        );
      }
    } catch (error) {
      // Another pod of the volume may have removed it meanwhile.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }
}

async function giveDirectory(parent: HeldDirectory, name: Buffer, group: number, depth: number): Promise<void> {
  const directory = await parent.enter(name);
  try {
    await giveContents(directory, group, depth + 1);
    const found = await directory.stat();
    if (!isGivenTo(group, found)) await give(directory.path, found, group);
  } finally {
    await directory.close();
  }
}

async function giveLink(directory: HeldDirectory, name: Buffer, { uid, gid }: Stats, group: number): Promise<void> {
  if (gid !== group) await lchown(directory.place(name), uid, group);
}

/** `path` leads to what was found and to no link. */
async function give(path: string, found: Stats, group: number): Promise<void> {
  await chown(path, found.uid, group);
  // Changing the owner takes bits away; those that were there come back.
  await chmod(path, (found.mode & MODE) | bitsOf(found));
}

function isGivenTo(group: number, found: Stats): boolean {
  const bits = bitsOf(found);
  return found.gid === group && (found.mode & bits) === bits;
}

function bitsOf(found: Stats): number {
  return found.isDirectory() ? DIRECTORY_BITS : FILE_BITS;
}
