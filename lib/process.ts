/** Programs of the machine, run to their end or left running. */
import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';

export interface Output {
  stdout: string;
  stderr: string;
  /** null when a signal ended it. */
  code: number | null;
}

export class CommandError extends Error {
  override readonly name = 'CommandError';
  readonly output: Output;
  constructor(program: string, args: readonly string[], output: Output) {
    super(`${program} ${args.join(' ')}: ${output.stderr.trim() || `exit code ${output.code}`}`);
    this.output = output;
  }
}

/** Runs to the end whatever the exit code is; rejects only when the program can't be started. */
export function output(program: string, args: readonly string[], input = ''): Promise<Output> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'] });
    const stdout: Buffer[] = [];
    const stderr: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk));
    child.on('error', reject);
    child.on('close', (code) => {
      resolve({ stdout: Buffer.concat(stdout).toString(), stderr: Buffer.concat(stderr).toString(), code });
    });
    // A program that does not read its input ends the pipe early; its exit code tells what matters.
    child.stdin.on('error', () => undefined);
    child.stdin.end(input);
  });
}

/** Like {@link output}, and rejects with {@link CommandError} unless the exit code is 0. Returns standard output. */
export async function run(program: string, args: readonly string[], input = ''): Promise<string> {
  const result = await output(program, args, input);
  if (result.code !== 0) throw new CommandError(program, args, result);
  return result.stdout;
}

/** A process, told from a later one with the same number. */
export interface ProcessIdentity {
  pid: number;
  /** Clock ticks after boot, from /proc. */
  startedAt: number;
}

/**
 * Starts a program in a session of its own: neither our end nor a signal to our group reaches it. Both of its outputs are
 * appended to `logFile`.
 */
export function startDetached(program: string, args: readonly string[], logFile: string): Promise<ProcessIdentity> {
  mkdirSync(dirname(logFile), { recursive: true });
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
  if (!fields || fields[0] === 'Z') return undefined;
  return { pid, startedAt: Number(fields[19]) };
}

export function isAlive(identity: ProcessIdentity): boolean {
  return identify(identity.pid)?.startedAt === identity.startedAt;
}

/** Sends the signal if it is still that process; says whether it was. */
export function signal(identity: ProcessIdentity, name: NodeJS.Signals): boolean {
  if (!isAlive(identity)) return false;
  try {
    process.kill(identity.pid, name);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
    throw error;
  }
}

/** The children of a process now. */
export async function childrenOf(pid: number): Promise<number[]> {
  const { stdout } = await output('ps', ['-o', 'pid=', '--ppid', String(pid)]);
  return stdout.split('\n').map(Number).filter(Boolean);
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
