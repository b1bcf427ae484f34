/** Runs a program's one component from its start to the signal that ends it: the edge to the process. */
import { flushCompileCache } from 'node:module';
import type { Component } from './component.ts';
import type { Log } from './log.ts';

export interface Program {
  component: Component;
  log: Log;
}

/**
 * Resolves with the exit code: 0 after an orderly stop (or when `make` returns undefined: there was nothing to run), 1
 * when it could not start, with one line on standard error. A second signal ends the process at once.
 */
export async function runUntilSignal(name: string, make: () => Program | undefined): Promise<number> {
  let program: Program | undefined;
  // The clock's timers don't hold the process; while it runs, this does.
  const hold = setInterval(() => undefined, 2 ** 30);
  try {
    program = make();
    if (!program) return 0;
    const told = signalled();
    await program.component.start();
    // Otherwise only an orderly end would keep what was compiled (where NODE_COMPILE_CACHE says so) for the next start.
    flushCompileCache();
    const signal = await told;
    program.log.info({ signal }, 'stopping');
    await program.component.stop();
    return 0;
  } catch (error) {
    console.error(`${name}: ${oneLine(error)}`);
    program?.log.debug({ err: error }, 'the program ended with an error');
    return 1;
  } finally {
    clearInterval(hold);
  }
}

function signalled(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      process.once(signal, () => {
        resolve(signal);
        process.once(signal, () => process.exit(1));
      });
    }
  });
}

function oneLine(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.replaceAll(/\s*\n\s*/g, ' ');
}
