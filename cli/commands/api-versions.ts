import { defineCommand } from '../command.ts';
import { apiVersionOf } from '../discovery.ts';

export const command = defineCommand({
  summary: 'Print the supported API versions on the server, in the form of "group/version"',
  usage: '',
  async run({ session }) {
    const resources = await (await session.discovery()).refresh();
    for (const version of [...new Set(resources.map(apiVersionOf))].toSorted()) session.print(version);
  },
});
