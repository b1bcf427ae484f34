import { defineCommand } from '../command.ts';
import { CommandError } from '../errors.ts';

export const command = defineCommand({
  summary: 'Forward one or more local ports to a pod; not supported yet',
  usage: 'TYPE/NAME LOCAL:REMOTE',
  run() {
    return Promise.reject(new CommandError('port-forward is not supported yet: the server does not offer it'));
  },
});
