/** subPath: a place within a volume, made when it is missing, and never one outside of it, whatever links lie there. */
import { lstat, mkdir, realpath } from 'node:fs/promises';
import path from 'node:path';
import { VolumeError } from './port.ts';

/** Returns the true path, with every link followed and found to stay within the volume. */
export async function resolveSubPath(volume: string, subPath: string): Promise<string> {
  const parts = subPath.split('/').filter((part) => part !== '' && part !== '.');
  if (subPath.startsWith('/') || parts.includes('..')) {
    throw new VolumeError(`subPath "${subPath}" must be a relative path without ".."`);
  }
  const root = await realpath(volume);
  let place = root;
  for (const part of parts) {
    place = await step(path.join(place, part));
    if (place !== root && !place.startsWith(`${root}/`)) {
      throw new VolumeError(`failed to prepare subPath "${subPath}": it leads out of the volume`);
    }
  }
  return place;
}

async function step(next: string): Promise<string> {
  try {
    await lstat(next);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    await mkdir(next, { mode: 0o750 });
  }
  try {
    return await realpath(next);
  } catch (error) {
    throw new VolumeError(`failed to prepare subPath: ${next} is a broken link`, { cause: error });
  }
}
