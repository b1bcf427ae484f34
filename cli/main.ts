/** The command line: finds the verb, loads it, reads its flags, runs it, and says what went wrong. */
import { homedir } from 'node:os';
import { systemClock } from '../lib/clock.ts';
import { parseArguments } from './arguments.ts';
import type { Call, CommandModule } from './command.ts';
import { UsageError } from './errors.ts';
import type { FlagTable } from './flags.ts';
import { globalFlags, type GlobalValues } from './globals.ts';
import { Session, type World } from './session.ts';
import { verbs } from './verbs.ts';

/** Resolves with the exit code. `args` are those after the program's name. */
export async function main(args: readonly string[]): Promise<number> {
  return run(args, processWorld());
}

export async function run(args: readonly string[], world: World): Promise<number> {
  let where = 'dure';
  if (args[0] === '__complete') return complete(args.slice(1), world);
  try {
    const first = parseArguments(args, globalFlags, { untilFirstArgument: true });
    const name = first.args[0];
    const verb = name === undefined ? undefined : verbs[name];
    if (name === undefined) return await usage(world);
    if (name === 'help')
      return await run([...(first.values['help'] ? [] : args.slice(first.firstArgument + 1)), '--help'], world);
    if (!verb) return await plugin(name, args, world);
    const words = args.toSpliced(first.firstArgument, 1);
    where = `dure ${name}`;
    return await runModule(await verb.load(), words, world, where, (deeper) => (where = deeper));
  } catch (error) {
    const { sayError } = await import('./say-error.ts');
    sayError(error, where, world.stderr);
    return 1;
  }
}

/** What is no verb may be a program of somebody's own; kubectl too takes its name only as the first word. */
async function plugin(name: string, args: readonly string[], world: World): Promise<number> {
  const { findPlugin } = await import('./plugins.ts');
  const found = args[0] === name ? findPlugin(args, world.env['PATH'] ?? '') : undefined;
  if (!found) throw new UsageError(`unknown command "${name}" for "dure"`);
  const { runPlugin } = await import('./run-plugin.ts');
  return runPlugin(found, args, world);
}

async function runModule(
  module: CommandModule,
  words: readonly string[],
  world: World,
  path: string,
  onPath: (path: string) => void,
): Promise<number> {
  onPath(path);
  const table: FlagTable = { ...globalFlags, ...module.flags };
  const below = module.subcommands && subcommandIn(module, words, table);
  if (below) {
    const name = words[below.at] ?? '';
    return runModule(below.module, words.toSpliced(below.at, 1), world, `${path} ${name}`, onPath);
  }
  const { values, given, args, afterDash } = parseArguments(words, table);
  if (values['help'] === true || !module.run) {
    const { printHelp } = await import('./help.ts');
    printHelp(module, path, world.stdout);
    if (args.length > 0 && values['help'] !== true) throw new UsageError(`unknown command "${args[0]}" for "${path}"`);
    return values['help'] === true ? 0 : 1;
  }
  const session = new Session({ world, globals: globalsAmong(values, module.flags) });
  const isVerb = (name: string): boolean => Object.hasOwn(verbs, name);
  const call: Call<FlagTable> = { args, afterDash, flags: values, given, session, run, isVerb };
  try {
    return (await module.run(call)) ?? 0;
  } finally {
    session.close();
  }
}

/** A verb's own flag hides the one of all verbs: `create rolebinding --user` names a subject, not who asks. */
function globalsAmong(values: Readonly<Record<string, unknown>>, own: FlagTable = {}): GlobalValues {
  const names = Object.entries(globalFlags).map(([name, { fallback }]) => [
    name,
    name in own ? fallback : values[name],
  ]);
  return Object.fromEntries(names) as GlobalValues;
}

/** The first argument, when it is the name of a verb below. Flags of that verb that stand before it are not known yet. */
function subcommandIn(
  module: CommandModule,
  words: readonly string[],
  table: FlagTable,
): { module: CommandModule; at: number } | undefined {
  const { args, firstArgument } = parseArguments(words, table, { untilFirstArgument: true });
  const found = args[0] === undefined ? undefined : module.subcommands?.[args[0]];
  return found && { module: found, at: firstArgument };
}

async function complete(words: readonly string[], world: World): Promise<number> {
  const { candidates } = await import('./completion/complete.ts');
  for (const candidate of await candidates(words, world)) world.stdout.write(`${candidate}\n`);
  return 0;
}

async function usage(world: World): Promise<number> {
  const { printUsage } = await import('./help.ts');
  printUsage(world.stdout);
  return 0;
}

function processWorld(): World {
  const { env, stdin, stdout, stderr } = process;
  // Whoever reads our output may stop reading: that is no error of ours.
  stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0);
    throw error;
  });
  return {
    env,
    home: env['HOME'] ?? homedir(),
    stdin,
    stdout,
    stderr,
    clock: systemClock,
    onInterrupt(stop) {
      process.once('SIGINT', stop).once('SIGTERM', stop);
      return () => void process.off('SIGINT', stop).off('SIGTERM', stop);
    },
  };
}
