/** hostPath volumes: what the type promises is checked, or made, before a container sees the path. */
import type { Stats } from 'node:fs';
import { mkdir, open, stat } from 'node:fs/promises';
import type { HostPathVolumeSource } from '../../api/types/core.v1.ts';
import { VolumeError } from './port.ts';

const CHECKS: Record<string, { is: (found: Stats) => boolean; what: string }> = {
  Directory: { is: (found) => found.isDirectory(), what: 'directory' },
  File: { is: (found) => found.isFile(), what: 'file' },
  Socket: { is: (found) => found.isSocket(), what: 'socket file' },
  CharDevice: { is: (found) => found.isCharacterDevice(), what: 'character device' },
  BlockDevice: { is: (found) => found.isBlockDevice(), what: 'block device' },
};

export async function prepareHostPath({ path, type = '' }: HostPathVolumeSource): Promise<string> {
  if (path.split('/').includes('..')) throw new VolumeError(`hostPath "${path}" must not contain ".."`);
  if (type === '') return path;
  const created = await create(path, type);
  const check = CHECKS[created];
  if (!check) throw new VolumeError(`hostPath type check failed: unknown type ${type}`);
  const found = await stat(path).catch(ignoreMissing);
  if (!found || !check.is(found)) throw new VolumeError(`hostPath type check failed: ${path} is not a ${check.what}`);
  return path;
}

/** A hostPath of no type is made as a directory when nothing is there, as container runtimes have always done. */
export async function makeUntyped({ path, type = '' }: HostPathVolumeSource): Promise<void> {
  if (type === '' && !(await stat(path).catch(ignoreMissing))) await mkdir(path, { recursive: true, mode: 0o755 });
}

/** Returns the type to check for afterwards. */
async function create(path: string, type: string): Promise<string> {
  if (type === 'DirectoryOrCreate') {
    if (!(await stat(path).catch(ignoreMissing))) await mkdir(path, { recursive: true, mode: 0o755 });
    return 'Directory';
  }
  if (type === 'FileOrCreate') {
    if (!(await stat(path).catch(ignoreMissing))) await (await open(path, 'a', 0o644)).close();
    return 'File';
  }
  return type;
}

function ignoreMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT' && error.code !== 'ENOTDIR') throw error;
  return undefined;
}
