import { defineCommand } from '../command.ts';
import { text, toggle } from '../flags.ts';
import { VERSION } from '../session.ts';

interface ServerVersion {
  readonly gitVersion?: string;
}

export const command = defineCommand({
  summary: 'Print the client and server version information for the current context',
  usage: '[flags]',
  flags: {
    client: toggle('If true, shows client version only (no server required)'),
    output: text("One of 'yaml' or 'json'", { short: 'o' }),
  },
  async run({ flags, session }) {
    const clientVersion = { gitVersion: `v${VERSION}`, nodeVersion: process.version, platform: platform() };
    const client = flags.client ? undefined : await session.client();
    const serverVersion = await client?.get<ServerVersion>('/version');
    const info = { clientVersion, ...(serverVersion ? { serverVersion } : {}) };
    if (flags.output === undefined) {
      session.print(`Client Version: ${clientVersion.gitVersion}`);
      if (serverVersion) session.print(`Server Version: ${serverVersion.gitVersion}`);
      return;
    }
    const { printerFor } = await import('../print/printer.ts');
    const printer = await printerFor(flags.output, { allowed: ['json', 'yaml'] });
    session.write(printer.print(info));
  },
});

function platform(): string {
  return `${process.platform}/${process.arch}`;
}
