/** A process that outlives the one that started it, told from a later process with the same number. */
import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';

export interface ProcessIdentity {
  pid: number;
  /** Clock ticks after boot, from /proc. */
  startedAt: string;
}

/** Starts it in a session of its own, so that neither our end nor a signal to our group reaches it. */
export function startDetached(program: string, args: string[], logFile: string): Promise<ProcessIdentity> {
  const log = openSync(logFile, 'a');
  return new Promise<ProcessIdentity>((resolve, reject) => {
    const child = spawn(program, args, { detached: true, stdio: ['ignore', log, log], cwd: '/' });
    child.once('error', reject);
    child.once('spawn', () => {
      child.unref();
      const identity = identify(child.pid ?? 0);
      if (identity) resolve(identity);
      else reject(new Error(`${program} ended at once; see ${logFile}`));
    });
  }).finally(() => closeSync(log));
}

/** undefined when no such process lives. */
export function identify(pid: number): ProcessIdentity | undefined {
  const fields = statFields(pid);
  return fields && fields[0] !== 'Z' ? { pid, startedAt: fields[19] ?? '' } : undefined;
}

export function isAlive({ pid, startedAt }: ProcessIdentity): boolean {
  return identify(pid)?.startedAt === startedAt;
}

/** The fields of /proc/PID/stat after the program's name: state first. */
function statFields(pid: number): string[] | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return text.slice(text.lastIndexOf(')') + 2).split(' ');
  } catch (error) {
    if (['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  }
}
