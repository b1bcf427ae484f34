import { defineCommand } from '../command.ts';
import { CommandError } from '../errors.ts';

export const command = defineCommand({
  summary: 'Copy files and directories to and from containers; not supported yet',
  usage: 'SOURCE DESTINATION',
  run() {
    return Promise.reject(
      new CommandError(
        'cp is not supported yet: pipe a tar through dure exec, such as dure exec POD -- tar cf - DIR | tar xf -',
      ),
    );
  },
});
