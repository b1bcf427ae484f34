import { defineCommand } from '../command.ts';
import { integerOr, textOr, toggle } from '../flags.ts';
import type { Output, Session } from '../session.ts';
import type { ExampleResult } from '../local/example.ts';

export const command = defineCommand({
  summary: 'Start a local cluster of several hosts on this machine',
  usage: '[--name NAME] [--servers N] [--nodes N]',
  examples: ['dure up', 'dure up --name other --nodes 5'],
  flags: {
    name: textOr('dev', 'The name of the local cluster'),
    servers: integerOr(1, 'How many servers'),
    nodes: integerOr(3, 'How many nodes'),
    example: toggle('Run the example of three web servers, and ask them', { fallback: true }),
  },
  async run({ flags, session, run }) {
    const { LocalCluster } = await import('../local/cluster.ts');
    const { adminClient, nodesReady, serversReady } = await import('../local/ready.ts');
    const { Steps } = await import('../local/steps.ts');
    const { checkMachine, thisMachine } = await import('../local/requirements.ts');
    const { clock, stderr } = session.world;
    checkMachine(thisMachine());
    const steps = new Steps(stderr);
    const started = clock.now();
    const cluster = LocalCluster.define(flags.name, flags.servers, flags.nodes);
    await cluster.up((what) => steps.show(`starting ${what}`));
    steps.show('waiting for the API');
    const client = await adminClient(cluster, clock);
    try {
      await serversReady(cluster, clock, (what) => steps.show(what));
      await nodesReady(client, cluster.nodeNames, clock, (what) => steps.show(what));
      const result = flags.example && flags.nodes > 1 ? await example() : undefined;
      steps.clear();
      report(session, cluster.kubeconfig, flags.name, clock.now() - started, result);
    } finally {
      client.close();
    }

    async function example(): Promise<ExampleResult> {
      const { runExample } = await import('../local/example.ts');
      const runVerb = (args: readonly string[], stdout: NodeJS.WritableStream): Promise<number> =>
        run(args, { ...session.world, stdout: stdout as Output });
      return runExample(cluster, client, clock, runVerb, (what) => steps.show(what));
    }
  },
});

function report(
  session: Session,
  kubeconfig: string,
  name: string,
  milliseconds: number,
  example: ExampleResult | undefined,
): void {
  const more = name === 'dev' ? '' : ` --name ${name}`;
  session.print(`local cluster "${name}" is up after ${(milliseconds / 1000).toFixed(1)} s`);
  if (example) {
    const { answer, askedFrom, answeredBy } = example;
    session.print(`  asked by name on ${askedFrom.node}, answered on ${answeredBy.node}: ${answer}`);
  }
  session.print(`  kubeconfig: ${kubeconfig}`);
  session.print('');
  session.print('what to try next:');
  session.print(`  export KUBECONFIG=${kubeconfig}     # kubectl works as it is, and so does "npm run -s dure --"`);
  session.print('  npm run -s dure -- get pods -o wide -w');
  session.print(`  npm run -s dure -- host kill node-1${more}     # and watch its pods come up elsewhere`);
  session.print(`  npm run -s dure -- host start node-1${more}`);
  session.print(`  npm run down${more ? ` -- ${more.trim()}` : ''}`);
}
