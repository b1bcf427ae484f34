/** An edge: the kernel's mounts, through mount(8), umount(8) and /proc/self/mountinfo. */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);

export interface Mounter {
  /** `options` as mount(8) takes them: `size=64m,mode=0777`. */
  mountTmpfs(directory: string, options: string): Promise<void>;
  /** Done when nothing is mounted there. */
  unmount(directory: string): Promise<void>;
  /** What is mounted at `directory` or below it, the innermost first. */
  mountsBelow(directory: string): Promise<string[]>;
}

export const systemMounter: Mounter = {
  async mountTmpfs(directory, options) {
    await run('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', directory]);
  },

  async unmount(directory) {
    try {
      await run('umount', [directory]);
    } catch (error) {
      const mounts = await this.mountsBelow(directory);
      // A process may still have it open: then it goes once that process does.
      if (mounts.includes(directory))
        await run('umount', ['-l', directory]).catch(() => Promise.reject(error as Error));
    }
  },

  async mountsBelow(directory) {
    return parseMountInfo(await readFile('/proc/self/mountinfo', 'utf8'), directory);
  },
};

export function parseMountInfo(text: string, directory: string): string[] {
  const points = text
    .split('\n')
    .map((line) => line.split(' ')[4])
    .filter((point) => point !== undefined)
    .map((point) =>
      point.replaceAll(/\\(\d{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8))),
    );
  return points.filter((point) => point === directory || point.startsWith(`${directory}/`)).toReversed();
}
