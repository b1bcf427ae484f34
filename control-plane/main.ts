/** `dure server`: reads the flags, runs the server until it is told to stop. */
import { systemClock } from '../lib/clock.ts';
import { readFlags } from '../lib/flags.ts';
import { createLog } from '../lib/log.ts';
import { runUntilSignal } from '../lib/run.ts';
import { Server } from './composition/server.ts';
import { serverProgram } from './flags.ts';

/** Resolves with the exit code. */
export async function main(args: readonly string[]): Promise<number> {
  return runUntilSignal('dure server', () => {
    const flags = readFlags(serverProgram, args, process.env);
    if (!flags) return undefined;
    const log = createLog(flags.logLevel);
    return { log, component: new Server({ flags, clock: systemClock, log }) };
  });
}
