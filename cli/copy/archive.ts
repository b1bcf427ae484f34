/** Files of this machine as a tar archive, made as it is sent. */
import { createReadStream } from 'node:fs';
import { lstat, readdir, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { ARCHIVE_END, tarHeader, tarPadding } from '../local/tar.ts';

const PERMISSIONS = 0o777;

/** `path` and what is below it, under the name `as`. Rejects when a file changes its size meanwhile. */
export async function* archiveOf(path: string, as: string): AsyncGenerator<Buffer> {
  yield* entriesOf(path, as);
  yield ARCHIVE_END;
}

async function* entriesOf(path: string, as: string): AsyncGenerator<Buffer> {
  const stats = await lstat(path);
  const mode = stats.mode & PERMISSIONS;
  if (stats.isSymbolicLink()) yield tarHeader({ type: 'symlink', path: as, target: await readlink(path) }, 0);
  else if (stats.isDirectory()) {
    yield tarHeader({ type: 'directory', path: as, mode }, 0);
    for (const name of (await readdir(path)).toSorted()) yield* entriesOf(join(path, name), `${as}/${name}`);
  } else if (stats.isFile()) {
    yield tarHeader({ type: 'file', path: as, mode }, stats.size);
    let sent = 0;
    for await (const piece of createReadStream(path) as AsyncIterable<Buffer>) {
      sent += piece.length;
      if (sent > stats.size) break;
      yield piece;
    }
    if (sent !== stats.size) throw new Error(`${path} changed while it was copied`);
    yield tarPadding(stats.size);
  }
}
