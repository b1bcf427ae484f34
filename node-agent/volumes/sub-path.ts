/** subPath: a place within a volume, made when it is missing, and never one outside of it, whatever links lie there. */
import { chmod, lstat, mkdir, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { VolumeError } from './port.ts';

const MODE = 0o7777;

/**
 * Returns the true path, with every link followed and found to stay within the volume. What is made has the volume's own
 * permissions: whoever may write there may write here.
 */
export async function resolveSubPath(volume: string, subPath: string): Promise<string> {
  const parts = subPath.split('/').filter((part) => part !== '' && part !== '.');
  if (subPath.startsWith('/') || parts.includes('..')) {
    throw new VolumeError(`subPath "${subPath}" must be a relative path without ".."`);
  }
  const root = await realpath(volume);
  const mode = (await stat(root)).mode & MODE;
  let place = root;
  for (const part of parts) {
    place = await step(path.join(place, part), mode);
    if (place !== root && !place.startsWith(`${root}/`)) {
      throw new VolumeError(`failed to prepare subPath "${subPath}": it leads out of the volume`);
    }
  }
  return place;
}

async function step(next: string, mode: number): Promise<string> {
  try {
    await lstat(next);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    await makeDirectory(next, mode);
  }
  try {
    return await realpath(next);
  } catch (error) {
    throw new VolumeError(`failed to prepare subPath: ${next} is a broken link`, { cause: error });
  }
}

async function makeDirectory(place: string, mode: number): Promise<void> {
  try {
    await mkdir(place, { mode });
  } catch (error) {
    // Another container, of this pod or of another one with the volume, came first.
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return;
    throw error;
  }
  // As it was asked for, whatever the umask has taken away.
  await chmod(place, mode);
}
