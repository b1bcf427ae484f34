/** The drills: what happens to hosts in real life, on purpose. */
import { type CommandModule, defineCommand } from '../command.ts';
import { UsageError } from '../errors.ts';
import { textOr } from '../flags.ts';
import type { LocalCluster } from '../local/cluster.ts';

const flags = { name: textOr('dev', 'The name of the local cluster') };

async function find(name: string): Promise<LocalCluster> {
  const { LocalCluster: Clusters } = await import('../local/cluster.ts');
  const cluster = Clusters.find(name);
  if (!cluster) throw new UsageError(`there is no local cluster "${name}"; "dure up --name ${name}" makes it`);
  return cluster;
}

function drill(
  summary: string,
  said: string,
  act: (cluster: LocalCluster, host: string) => Promise<void>,
): CommandModule {
  return defineCommand({
    summary,
    usage: 'NAME [--name CLUSTER]',
    flags,
    async run({ args, flags: values, session }) {
      const [host, ...more] = args;
      if (host === undefined || more.length > 0) throw new UsageError('exactly one NAME of a host is required');
      await act(await find(values.name), host);
      session.print(`host/${host} ${said}`);
    },
  });
}

const list = defineCommand({
  summary: 'List the hosts and how they are',
  usage: '[--name CLUSTER]',
  flags,
  async run({ flags: values, session }) {
    const hosts = await (await find(values.name)).report();
    const rows = [
      ['NAME', 'ROLE', 'ADDRESS', 'STATE'],
      ...hosts.map((host) => [host.name, host.role, host.address, host.state]),
    ];
    for (const row of rows)
      session.print(
        row
          .map((cell) => cell.padEnd(12))
          .join('')
          .trimEnd(),
      );
  },
});

export const command = defineCommand({
  summary: 'List, kill, cut, heal and start the hosts of a local cluster',
  usage: '(ls | kill | cut | heal | start) [NAME]',
  subcommands: {
    ls: list,
    kill: drill('Switch a host off like a power failure: everything on it ends at once', 'killed', (cluster, host) =>
      cluster.kill(host),
    ),
    cut: drill('Take the link of a host down, while everything on it keeps running', 'cut', (cluster, host) =>
      cluster.cut(host),
    ),
    heal: drill('Bring the link of a host up again', 'healed', (cluster, host) => cluster.heal(host)),
    start: drill('Boot a host that is down, from its disk', 'started', (cluster, host) => cluster.start(host)),
  },
});
