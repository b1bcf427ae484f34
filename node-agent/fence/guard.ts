/** The process that freezes pods when their agent does not: it outlives the agent, and is found again by the next one. */
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Log } from '../../lib/log.ts';
import { isAlive, type ProcessIdentity, startDetached } from '../../lib/process.ts';

const PROGRAM = fileURLToPath(new URL('guard.sh', import.meta.url));

export interface GuardProcessOptions {
  /** Where the lease is. */
  directory: string;
  log: Log;
}

export class GuardProcess {
  private readonly options: GuardProcessOptions;
  private readonly file: string;
  private process: ProcessIdentity | undefined;
  private isStarting = false;

  constructor(options: GuardProcessOptions) {
    this.options = options;
    this.file = path.join(options.directory, 'guard.json');
  }

  /** Starts it unless it runs. It ends by itself when there is nothing left to guard. */
  ensure(): void {
    this.process ??= this.recorded();
    if (this.isStarting || (this.process && isAlive(this.process))) return;
    this.isStarting = true;
    this.begin()
      .catch((error: unknown) => this.options.log.error({ err: error }, 'the guard of the pods can not be started'))
      .finally(() => (this.isStarting = false));
  }

  private async begin(): Promise<void> {
    const { directory } = this.options;
    this.process = await startDetached('sh', [PROGRAM, directory], path.join(directory, 'guard.log'));
    writeFileSync(this.file, JSON.stringify(this.process), { mode: 0o600 });
  }

  /** What an agent before this one started. */
  private recorded(): ProcessIdentity | undefined {
    try {
      return JSON.parse(readFileSync(this.file, 'utf8')) as ProcessIdentity;
    } catch {
      // None, or one that was cut short: two guards do no harm.
      return undefined;
    }
  }
}
