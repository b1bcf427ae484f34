/** `dure agent`: reads the flags, runs the agent until it is told to stop. */
import { Agent } from './agent.ts';
import { agentProgram } from './flags.ts';
import { systemClock } from '../lib/clock.ts';
import { readFlags } from '../lib/flags.ts';
import { createLog } from '../lib/log.ts';
import { runUntilSignal } from '../lib/run.ts';

/** Resolves with the exit code. */
export async function main(args: readonly string[]): Promise<number> {
  return runUntilSignal('dure agent', () => {
    const flags = readFlags(agentProgram, args, process.env);
    if (!flags) return undefined;
    const log = createLog(flags.logLevel);
    return { log, component: new Agent({ flags, clock: systemClock, log }) };
  });
}
