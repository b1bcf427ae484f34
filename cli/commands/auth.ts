import { defineCommand, type CommandModule } from '../command.ts';
import { CommandError } from '../errors.ts';
import { text } from '../flags.ts';

const canI = defineCommand({
  summary: 'Check whether an action is allowed; not supported yet',
  usage: 'VERB TYPE [NAME]',
  flags: { as: text('The user whose rights are asked for') },
  run() {
    return Promise.reject(
      new CommandError('auth can-i is not supported yet: the server does not offer access reviews'),
    );
  },
});

export const command: CommandModule = {
  summary: 'Inspect authorization',
  usage: 'can-i VERB TYPE',
  subcommands: { 'can-i': canI },
};
