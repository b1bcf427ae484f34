/**
 * Removes directories with all that is in them. Links are removed and never followed; another file system, or another mount
 * of the same one, is not entered. The directory is renamed aside first, so that it is gone as a whole at once, and what is
 * left of it can be told from a new one of its name after a restart.
 *
 *     <volumes>/<name>  ──rename──▶  <volumes>/.removing/<name>+<something unique>  ──▶  nothing
 */
import { randomUUID } from 'node:crypto';
import { mkdir, readdir, rename, rmdir, unlink } from 'node:fs/promises';
import path from 'node:path';
import { HeldDirectory } from './held-directory.ts';

const ASIDE = '.removing';
/** What is nested deeper is moved up to be removed in its turn, since each level is a directory held open. */
const MAX_DEPTH = 32;
/** How many names are read before what they name is removed, and the directory is read again. */
const BATCH = 500;

interface Removing {
  readonly name: string;
  /** Where what was renamed aside is. */
  readonly aside: HeldDirectory;
  readonly mount: string;
  readonly signal: AbortSignal;
}

/**
 * Of a directory of directories. Resolves when nothing of the one is left; done when there is none. Rejects with what
 * stood in the way, or when aborted; another call goes on from there. No name contains a plus sign.
 */
export async function removeDirectory(volumes: string, name: string, signal: AbortSignal): Promise<void> {
  await mkdir(path.join(volumes, ASIDE), { recursive: true, mode: 0o700 });
  await rename(path.join(volumes, name), path.join(volumes, ASIDE, asideName(name))).catch(ignoreMissing);
  await removeLeftovers(volumes, name, signal);
}

/** Of what was renamed aside; a directory that has the name now stays. */
export async function removeLeftovers(volumes: string, name: string, signal: AbortSignal): Promise<void> {
  const aside = await HeldDirectory.open(path.join(volumes, ASIDE));
  try {
    await removeAside({ name, aside, mount: await aside.mount(), signal });
  } finally {
    await aside.close();
  }
}

/** The names of directories of which something is left that was renamed aside. */
export async function leftAside(volumes: string): Promise<string[]> {
  const found = (await readdir(path.join(volumes, ASIDE)).catch(ignoreMissing)) ?? [];
  return [...new Set(found.map((each) => each.split('+', 1)[0] ?? each))];
}

/** Again and again, since what is nested too deep is added to what is aside. */
async function removeAside(removing: Removing): Promise<void> {
  const { name, aside } = removing;
  const isOurs = (each: Buffer): boolean => each.toString().startsWith(`${name}+`);
  for (let found = await some(aside, isOurs); found.length > 0; found = await some(aside, isOurs)) {
    for (const each of found) await remove(removing, aside, each, 1);
  }
}

async function remove(removing: Removing, parent: HeldDirectory, name: Buffer, depth: number): Promise<void> {
  if (await isUnlinked(parent.place(name))) return;
  if (depth > MAX_DEPTH) {
    await rename(parent.place(name), removing.aside.place(asideName(removing.name)));
    return;
  }
  const directory = await parent.enter(name);
  try {
    await empty(removing, directory, depth);
  } finally {
    await directory.close();
  }
  await rmdir(parent.place(name));
}

async function empty(removing: Removing, directory: HeldDirectory, depth: number): Promise<void> {
  if ((await directory.mount()) !== removing.mount) throw new Error('something is mounted in the volume’s directory');
  for (let names = await some(directory); names.length > 0; names = await some(directory)) {
    removing.signal.throwIfAborted();
    for (const name of names) await remove(removing, directory, name, depth + 1);
  }
}

async function some(directory: HeldDirectory, isWanted: (name: Buffer) => boolean = () => true): Promise<Buffer[]> {
  const names: Buffer[] = [];
  for await (const name of directory.names()) {
    if (isWanted(name) && names.push(name) >= BATCH) break;
  }
  return names;
}

/** Returns false for a directory. */
async function isUnlinked(place: Buffer): Promise<boolean> {
  try {
    await unlink(place);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EISDIR') throw error;
    return false;
  }
}

function asideName(name: string): string {
  return `${name}+${randomUUID()}`;
}

function ignoreMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
  return undefined;
}
