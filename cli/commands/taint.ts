import type { Node, Taint } from '../../api/types/core.v1.ts';
import { defineCommand } from '../command.ts';
import { CommandError, forEachAttempt } from '../errors.ts';
import { toggle } from '../flags.ts';
import { Outcome, outcomeFlags } from '../outcome.ts';
import { selectObjects, selectionFlags } from '../selection.ts';
import { changeTaints, parseTaints } from '../taints.ts';

export const command = defineCommand({
  summary: 'Update the taints on one or more nodes',
  usage: 'NODE NAME KEY_1=VAL_1:TAINT_EFFECT_1 ... KEY_N=VAL_N:TAINT_EFFECT_N',
  examples: [
    'dure taint nodes n1 dedicated=db:NoSchedule',
    'dure taint nodes n1 dedicated:NoSchedule-',
    'dure taint nodes n1 dedicated-',
  ],
  flags: { ...selectionFlags, ...outcomeFlags, overwrite: toggle('If true, allow taints to be overwritten') },
  async run({ args, flags, session }) {
    const first = args.findIndex(
      (arg, at) =>
        at > 0 &&
        /[=:]|-$/.test(arg) &&
        /^[^=:]+(=[^:]*)?(:[A-Za-z]+)?-?$/.test(arg) &&
        (arg.includes(':') || arg.endsWith('-')),
    );
    if (first < 0) throw new CommandError('at least one taint update is required');
    const changes = parseTaints(args.slice(first));
    const outcome = new Outcome(flags, session);
    const client = await session.client();
    await forEachAttempt(
      await selectObjects<Node>(args.slice(0, first), flags, session),
      async ({ resource, path, object, name }) => {
        if (resource.kind !== 'Node')
          throw new CommandError(`invalid resource type ${resource.name}, only node(s) is supported`);
        const before: readonly Taint[] = object.spec?.taints ?? [];
        const taints = changeTaints(before, changes, flags.overwrite, `node ${name}`);
        const patch = {
          spec: { taints: taints.length > 0 ? taints : null },
          metadata: { resourceVersion: object.metadata.resourceVersion },
        };
        const changed = outcome.isClientOnly
          ? object
          : await client.patch<Node>(path, 'merge-patch', patch, { query: outcome.query });
        const isRemoval = changes.removed.length > 0 && changes.added.length === 0;
        await outcome.say(
          resource,
          changed,
          isRemoval ? 'untainted' : changes.removed.length > 0 ? 'modified' : 'tainted',
        );
      },
    );
  },
});
