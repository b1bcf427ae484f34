#!/usr/bin/env node
/** The one program: `dure server` and `dure agent` run until told to stop, everything else is the command line. */
import { withSystemPrograms } from './lib/program-path.ts';

const [command, ...rest] = process.argv.slice(2);

/** Each is loaded only when it is asked for: the command line must start quickly. */
async function main(): Promise<number> {
  switch (command) {
    case 'server':
      return (await import('./control-plane/main.ts')).main(rest);
    case 'agent':
      return (await import('./node-agent/main.ts')).main(rest);
    default:
      return (await import('./cli/main.ts')).main(process.argv.slice(2));
  }
}

process.env['PATH'] = withSystemPrograms(process.env['PATH']);
const code = await main();
// A program that was told to stop has stopped its parts; a socket that somebody else keeps open must not hold it.
if (command === 'server' || command === 'agent') process.exit(code);
process.exitCode = code;
