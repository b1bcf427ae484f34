/**
 * What the agent leaves for the guard and for the agent after it: until when its pods may run, and where they are. A shell
 * reads it: the first line is three whole numbers in hundredths of a second (when the guard acts, when the last acknowledged
 * heartbeat was sent, how long the lease is) and what names this start of the machine, each further line a way to freeze and
 * a control group.
 *
 * In memory of the machine, and of no meaning after its next start even where it is not. Written synchronously and whole: it
 * must be there before a pod goes on.
 */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Freezer } from './freezer.ts';
import type { Lease } from './plan.ts';
import { FREEZING_MILLISECONDS } from './plan.ts';

/** How long after an agent that lives would have acted. */
export const GUARD_MILLISECONDS = FREEZING_MILLISECONDS;

export interface SavedLease {
  readonly lease: Lease;
  readonly pods: readonly string[];
}

export class LeaseFile {
  private readonly file: string;
  private readonly next: string;
  private readonly boot: string;

  /** The directory is made where it is missing. `boot` differs between two starts of the machine. */
  constructor(directory: string, boot = machineBoot()) {
    this.boot = boot;
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    this.file = path.join(directory, 'lease');
    this.next = path.join(directory, 'lease.next');
  }

  /** undefined when no agent has left one since the machine started. Throws for a file that is none of ours. */
  read(): SavedLease | undefined {
    const text = this.text();
    if (text === undefined) return undefined;
    const [first = '', ...lines] = text.trimEnd().split('\n');
    const [times, boot] = [first.split(' ').slice(0, 3), first.split(' ')[3]];
    const [, provenAt, length] = times.map((word) => Number(word) * 10);
    if (!Number.isFinite(provenAt) || !Number.isFinite(length))
      throw new Error(`${this.file}: is no lease: "${first}"`);
    // The clock has begun again since.
    if (boot !== this.boot) return undefined;
    const uids = lines.map((line) => path.basename(line).slice('pod'.length));
    return { lease: { provenAt: provenAt ?? 0, milliseconds: length ?? 0 }, pods: [...new Set(uids)] };
  }

  write(
    { provenAt, milliseconds }: Lease,
    pods: readonly string[],
    freezer: Pick<Freezer, 'version' | 'groupsOf'>,
  ): void {
    const times = [provenAt + milliseconds + GUARD_MILLISECONDS, provenAt, milliseconds];
    const groups = pods.flatMap((uid) => freezer.groupsOf(uid)).map((group) => `${freezer.version} ${group}`);
    // Rounded down: rather too early than too late.
    const lines = [[...times.map((time) => Math.floor(time / 10)), this.boot].join(' '), ...groups];
    writeFileSync(this.next, `${lines.join('\n')}\n`, { mode: 0o600 });
    renameSync(this.next, this.file);
  }

  private text(): string | undefined {
    try {
      return readFileSync(this.file, 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
  }
}

/** Of /proc/uptime: milliseconds since the machine started, its sleep included, in steps of ten. */
export function machineUptime(): number {
  const [seconds] = readFileSync('/proc/uptime', 'utf8').split(' ');
  return Number(seconds) * 1000;
}

/** Another one after each start of the machine. */
export function machineBoot(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
}
