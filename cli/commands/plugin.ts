import { basename } from 'node:path';
import { defineCommand, type CommandModule } from '../command.ts';
import { CommandError } from '../errors.ts';
import { toggle } from '../flags.ts';
import { isProgram, listPlugins } from '../plugins.ts';

const list = defineCommand({
  summary: "List all visible plugin executables on a user's PATH",
  usage: '',
  flags: { nameOnly: toggle('If true, display only the binary name of each plugin, rather than its full path') },
  run({ flags, session, isVerb }) {
    const found = listPlugins(session.world.env['PATH'] ?? '');
    if (found.length === 0) return Promise.reject(new CommandError('unable to find any kubectl plugins in your PATH'));
    session.print('The following compatible plugins are available:\n');
    const seen = new Map<string, string>();
    let warnings = 0;
    for (const path of found) {
      session.print(flags.nameOnly ? basename(path) : path);
      for (const warning of warningsOf(path, seen, isVerb)) {
        session.warn(`  - warning: ${warning}`);
        warnings++;
      }
    }
    if (warnings === 0) return Promise.resolve();
    const many = warnings === 1 ? 'one plugin warning was found' : `${warnings} plugin warnings were found`;
    return Promise.reject(new CommandError(many));
  },
});

/** `seen` are the plugins before this one, by name. */
function warningsOf(path: string, seen: Map<string, string>, isVerb: (name: string) => boolean): string[] {
  const name = basename(path);
  const before = seen.get(name);
  seen.set(name, before ?? path);
  const [, verb = ''] = name.split('-');
  return [
    ...(isProgram(path) ? [] : [`${path} identified as a kubectl plugin, but it is not executable`]),
    ...(before === undefined ? [] : [`${path} is overshadowed by a similarly named plugin: ${before}`]),
    ...(isVerb(verb) ? [`${name} overwrites existing command: "dure ${verb}"`] : []),
  ];
}

export const command: CommandModule = {
  summary: 'Provides utilities for interacting with plugins',
  usage: 'list [--name-only]',
  subcommands: { list },
};
