/**
 * Writes a set of files so that a reader sees either all of the old or all of the new:
 *
 *     <directory>/..2026_01_02_03_04_05.123456/key    the files
 *     <directory>/..data -> ..2026_01_02_…            swapped by one rename
 *     <directory>/key -> ..data/key                   what containers open
 */
import {
  chmod,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  rename,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { chown } from 'node:fs/promises';
import path from 'node:path';

export interface PayloadFile {
  readonly data: Buffer;
  readonly mode: number;
  /** The user whose it is; root when absent. */
  readonly owner?: number;
}

/** By path relative to the volume, without leading slash or `..`. */
export type Payload = ReadonlyMap<string, PayloadFile>;

const DATA = '..data';
const NEXT = '..data_tmp';

/** Returns whether anything changed. `group`: the files belong to it and it may read them. */
export async function writePayload(directory: string, payload: Payload, group?: number): Promise<boolean> {
  const current = await readlink(path.join(directory, DATA)).catch(ignoreMissing);
  if (current !== undefined && (await isSame(path.join(directory, current), payload))) return false;
  const fresh = await mkdtemp(
    path.join(directory, `..${new Date().toISOString().slice(0, 19).replaceAll(/[-T:]/g, '_')}.`),
  );
  await chmod(fresh, 0o755);
  for (const [name, file] of payload) await writeOne(path.join(fresh, name), file, group);
  await rm(path.join(directory, NEXT), { force: true });
  await symlink(path.basename(fresh), path.join(directory, NEXT));
  await rename(path.join(directory, NEXT), path.join(directory, DATA));
  await link(directory, payload);
  await sweep(directory, payload, path.basename(fresh));
  return true;
}

async function writeOne(file: string, { data, mode, owner }: PayloadFile, group: number | undefined): Promise<void> {
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, data);
  if (group !== undefined || owner !== undefined) await chown(file, owner ?? 0, group ?? 0);
  await chmod(file, group === undefined ? mode : mode | 0o040);
}

/** What a container opens: one link for each first part of a path. */
async function link(directory: string, payload: Payload): Promise<void> {
  for (const name of topNames(payload)) {
    const target = path.join(DATA, name);
    const place = path.join(directory, name);
    if ((await readlink(place).catch(ignoreMissing)) === target) continue;
    await rm(place, { recursive: true, force: true });
    await symlink(target, place);
  }
}

/** Takes away links to what is no longer there and all data but the newest. */
async function sweep(directory: string, payload: Payload, fresh: string): Promise<void> {
  const wanted = new Set([DATA, fresh, ...topNames(payload)]);
  for (const name of await readdir(directory)) {
    if (!wanted.has(name)) await rm(path.join(directory, name), { recursive: true, force: true });
  }
}

function topNames(payload: Payload): string[] {
  return [...new Set([...payload.keys()].map((name) => name.split('/', 1)[0] ?? name))];
}

async function isSame(directory: string, payload: Payload): Promise<boolean> {
  const files = await readdir(directory, { recursive: true, withFileTypes: true }).catch(ignoreMissing);
  const names = files?.filter((entry) => entry.isFile()).map((entry) => path.join(entry.parentPath, entry.name)) ?? [];
  if (names.length !== payload.size) return false;
  for (const [name, { data, mode }] of payload) {
    const file = path.join(directory, name);
    const known = await readFile(file).catch(ignoreMissing);
    if (!known?.equals(data)) return false;
    const bits = (await lstat(file)).mode & 0o777;
    if (bits !== mode && bits !== (mode | 0o040)) return false;
  }
  return true;
}

function ignoreMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
  return undefined;
}
