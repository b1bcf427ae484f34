import { defineCommand } from '../command.ts';
import { textOr } from '../flags.ts';

export const command = defineCommand({
  summary: 'Remove a local cluster and every trace of it',
  usage: '[--name NAME]',
  flags: { name: textOr('dev', 'The name of the local cluster') },
  async run({ flags, session }) {
    const { LocalCluster } = await import('../local/cluster.ts');
    const { Steps } = await import('../local/steps.ts');
    const cluster = LocalCluster.find(flags.name);
    if (!cluster) {
      session.print(`there is no local cluster "${flags.name}"`);
      return;
    }
    const steps = new Steps(session.world.stderr);
    await cluster.down((what) => steps.show(`removing ${what}`));
    steps.clear();
    session.print(`local cluster "${flags.name}" is gone`);
  },
});
