/** Puts the files of an archive that a pod sends where they were asked for, and nowhere else. */
import { createWriteStream } from 'node:fs';
import { chmod, mkdir, rm } from 'node:fs/promises';
import { dirname, resolve, sep } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { Untar } from './untar.ts';

export interface Unpacking {
  readonly archive: AsyncIterable<Buffer>;
  /** The path in the archive that becomes `target`; others are below it. */
  readonly root: string;
  readonly target: string;
  readonly warn: (text: string) => void;
}

/** Resolves with how many files and directories were written. */
export async function unpack({ archive, root, target, warn }: Unpacking): Promise<number> {
  const untar = new Untar(archive);
  const base = resolve(target);
  let written = 0;
  for (let entry = await untar.next(); entry; entry = await untar.next()) {
    const below = pathBelow(entry.path, root);
    const path = below === undefined ? undefined : resolve(base, below);
    if (path === undefined || (path !== base && !path.startsWith(base === sep ? sep : base + sep))) {
      warn(`warning: file "${entry.path}" is outside target destination, skipping`);
      continue;
    }
    if (entry.type === 'link' || entry.type === 'other') {
      warn(`warning: skipping ${entry.type === 'link' ? 'symlink' : 'special file'}: "${entry.path}"`);
      continue;
    }
    if (entry.type === 'directory') await mkdir(path, { recursive: true });
    else {
      await mkdir(dirname(path), { recursive: true });
      // Never through a link that is there already.
      await rm(path, { force: true });
      await pipeline(untar.content(), createWriteStream(path, { flags: 'wx' }));
      await chmod(path, entry.mode);
    }
    written += 1;
  }
  return written;
}

/** '' for the root itself; undefined for what isn't below it. */
function pathBelow(path: string, root: string): string | undefined {
  const plain = (name: string): string =>
    name
      .split('/')
      .filter((part) => part !== '' && part !== '.')
      .join('/');
  const [whole, start] = [plain(path), plain(root)];
  if (start === '') return whole;
  if (whole === start) return '';
  return whole.startsWith(`${start}/`) ? whole.slice(start.length + 1) : undefined;
}
