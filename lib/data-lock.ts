import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Another running process of its kind holds the data directory. */
export class DataDirectoryInUseError extends Error {
  override readonly name = 'DataDirectoryInUseError';
}

export interface DataLockOptions {
  readonly directory: string;
  readonly holder: 'server' | 'agent';
  readonly pid: number;
}

/**
 * A data directory belongs to one process of a kind at a time, and to nobody when that process is gone, however it went.
 */
export class DataLock {
  private readonly options: DataLockOptions;
  private readonly path: string;
  private readonly owner: string;

  constructor(options: DataLockOptions) {
    this.options = options;
    this.path = join(options.directory, `${options.holder}.lock`);
    this.owner = ownerLine(options.pid);
  }

  /** Throws {@link DataDirectoryInUseError}. */
  acquire(): void {
    const { directory, holder } = this.options;
    const mine = `${this.path}.${process.pid}`;
    writeFileSync(mine, this.owner);
    try {
      for (let attempt = 0; attempt < 3; attempt++) {
        if (tryLink(mine, this.path)) return;
        this.removeDead();
      }
      throw new DataDirectoryInUseError(`${directory} is being taken by another ${holder}`);
    } finally {
      rmSync(mine, { force: true });
    }
  }

  release(): void {
    if (readIfThere(this.path) === this.owner) rmSync(this.path, { force: true });
  }

  /** Moves a dead owner's lock away; if another process was quicker and the moved one is its lock, puts it back. */
  private removeDead(): void {
    const seen = readIfThere(this.path);
    if (seen === undefined) return;
    const pid = Number(seen.split(' ')[0]);
    if (ownerLine(pid) === seen) {
      const { directory, holder } = this.options;
      throw new DataDirectoryInUseError(`${directory} is in use by another ${holder} (process ${pid})`);
    }
    const aside = `${this.path}.dead.${process.pid}`;
    try {
      renameSync(this.path, aside);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
      throw error;
    }
    if (readIfThere(aside) !== seen) tryLink(aside, this.path);
    rmSync(aside, { force: true });
  }
}

function tryLink(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** The process and when it started, in clock ticks since boot: a pid alone may have been given to another since. */
function ownerLine(pid: number): string {
  const stat = Number.isInteger(pid) && pid > 0 ? readIfThere(`/proc/${pid}/stat`) : undefined;
  // The fields after the command, which is in parentheses and may hold anything; the start time is the 22nd of all.
  const startTime = stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  return `${pid} ${startTime ?? 'gone'}\n`;
}
