/**
 * Keeps container logs from filling the disk. containerd writes them without a limit and only opens them anew when told
 * to, so sizes are looked at every ten seconds, as the kubelet does: one stat for each container. (File system events
 * would wake us at each line of each log instead.)
 */
import { readdir, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import type { Clock, Timer } from '../../lib/clock.ts';
import type { Component } from '../../lib/component.ts';
import type { Log } from '../../lib/log.ts';

export interface LogRotatorOptions {
  /** The containers that run now. */
  containers(): Iterable<{ id: string; logPath: string }>;
  reopenLog(containerId: string): Promise<void>;
  /** Bytes; 10 MiB by default. */
  maxSize?: number;
  /** With the one that is written; 5 by default. */
  maxFiles?: number;
  intervalMilliseconds?: number;
  clock: Clock;
  log: Log;
}

export class LogRotator implements Component {
  readonly name = 'log rotation';
  private readonly options: Required<LogRotatorOptions>;
  private timer: Timer | undefined;
  private running: Promise<void> = Promise.resolve();
  private stopped = false;

  constructor(options: LogRotatorOptions) {
    this.options = { maxSize: 10 << 20, maxFiles: 5, intervalMilliseconds: 10_000, ...options };
  }

  start(): Promise<void> {
    this.stopped = false;
    this.schedule();
    return Promise.resolve();
  }

  stop(): Promise<void> {
    this.stopped = true;
    this.timer?.cancel();
    return this.running;
  }

  /** Looks at every log once and rotates those that have grown too large. */
  async rotateAll(): Promise<void> {
    for (const { id, logPath } of this.options.containers()) {
      try {
        const size = (await stat(logPath)).size;
        if (size >= this.options.maxSize) await this.rotate(id, logPath);
      } catch (error) {
        // A container that is going away takes its log with it; all else is tried again next time.
        const gone = (error as NodeJS.ErrnoException).code === 'ENOENT';
        if (!gone) this.options.log.warn({ err: error, logPath }, 'could not rotate a log');
      }
    }
  }

  private schedule(): void {
    if (this.stopped) return;
    this.timer = this.options.clock.after(this.options.intervalMilliseconds, () => {
      this.running = this.rotateAll().finally(() => this.schedule());
    });
  }

  private async rotate(id: string, logPath: string): Promise<void> {
    const rotated = `${logPath}.${stamp(this.options.clock.date())}`;
    await rename(logPath, rotated);
    try {
      await this.options.reopenLog(id);
    } catch (error) {
      // The container still writes to the file under its new name: give it the old one back.
      await rename(rotated, logPath);
      throw error;
    }
    await this.removeOldest(logPath);
  }

  private async removeOldest(logPath: string): Promise<void> {
    const directory = path.dirname(logPath);
    const prefix = `${path.basename(logPath)}.`;
    const rotated = (await readdir(directory)).filter((name) => name.startsWith(prefix)).toSorted();
    const surplus = rotated.slice(0, Math.max(0, rotated.length - (this.options.maxFiles - 1)));
    for (const name of surplus) await rm(path.join(directory, name), { force: true });
  }
}

/** Sorts by time: 20260101-000000.000 */
function stamp(date: Date): string {
  return date.toISOString().replaceAll(/[-:Z]/g, '').replace('T', '-');
}
