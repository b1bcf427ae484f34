import { dump } from '../cluster-dump.ts';
import { defineCommand } from '../command.ts';

export const command = defineCommand({
  summary: 'Display addresses of the control plane',
  usage: '[dump]',
  subcommands: { dump },
  async run({ session }) {
    const { server } = await session.access();
    await (await session.client()).get('/version');
    const isColoured = session.world.stdout.isTTY === true && !session.world.env['NO_COLOR'];
    const paint = (code: string, text: string): string => (isColoured ? `\u001B[${code}m${text}\u001B[0m` : text);
    session.print(`${paint('0;32', 'Kubernetes control plane')} is running at ${paint('0;33', server)}`);
  },
});
