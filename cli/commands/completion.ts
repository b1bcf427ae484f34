import { defineCommand } from '../command.ts';
import { CommandError } from '../errors.ts';
import { SHELLS } from '../completion-scripts.ts';

export const command = defineCommand({
  summary: 'Output shell completion code for the specified shell (bash, zsh or fish)',
  usage: 'SHELL',
  examples: ['source <(dure completion bash)', 'dure completion fish | source'],
  run({ args, session }) {
    const [shell = ''] = args;
    const script = SHELLS[shell];
    if (args.length !== 1) return Promise.reject(new CommandError('shell not specified'));
    if (script === undefined) return Promise.reject(new CommandError(`unsupported shell type "${shell}"`));
    session.write(script);
    return Promise.resolve();
  },
});
