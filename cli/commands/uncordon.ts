import { defineCommand } from '../command.ts';
import { forEachAttempt } from '../errors.ts';
import { nodeFlags, selectNodes, setUnschedulable } from '../nodes.ts';
import { outcomeFlags } from '../outcome.ts';

export const command = defineCommand({
  summary: 'Mark node as schedulable',
  usage: 'NODE',
  flags: { ...nodeFlags, dryRun: outcomeFlags.dryRun },
  async run({ args, flags, session }) {
    const nodes = await selectNodes(args, flags.selector, session);
    await forEachAttempt(nodes, (node) => setUnschedulable(node, false, flags, session));
  },
});
