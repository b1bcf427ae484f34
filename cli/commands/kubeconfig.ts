import { defineCommand } from '../command.ts';
import { UsageError } from '../errors.ts';
import { textOr } from '../flags.ts';

export const command = defineCommand({
  summary: "Print the path of a local cluster's kubeconfig",
  usage: '[--name NAME] [--host HOST]',
  examples: ['export KUBECONFIG=$(dure kubeconfig)', 'dure kubeconfig --host server-2'],
  flags: {
    name: textOr('dev', 'The name of the local cluster'),
    host: textOr('', 'The server to name in place of the first one'),
  },
  async run({ flags, session }) {
    const { LocalCluster } = await import('../local/cluster.ts');
    const cluster = LocalCluster.find(flags.name);
    if (!cluster)
      throw new UsageError(`there is no local cluster "${flags.name}"; "dure up --name ${flags.name}" makes it`);
    session.print(flags.host === '' ? cluster.kubeconfig : cluster.kubeconfigOf(flags.host));
  },
});
