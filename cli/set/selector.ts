import type { Service } from '../../api/types/core.v1.ts';
import { defineCommand } from '../command.ts';
import { CommandError } from '../errors.ts';
import { text } from '../flags.ts';
import { structuredSelector } from '../selector-text.ts';
import { changeEach, setFlags } from './change.ts';

export const selector = defineCommand({
  summary: 'Set the selector on a service',
  usage: '(-f FILENAME | TYPE NAME) EXPRESSIONS',
  examples: ['dure set selector service web app=web,track=stable'],
  flags: {
    ...setFlags,
    resourceVersion: text(
      'If non-empty, the update succeeds only if this is the current resource version of the object',
    ),
  },
  async run({ args, flags, session }) {
    const expression = args.at(-1);
    if (expression === undefined) throw new CommandError('one selector expression is required');
    const { matchLabels = {}, matchExpressions = [] } = structuredSelector(expression);
    if (matchExpressions.length > 0) {
      throw new CommandError(`match expression ${JSON.stringify(matchExpressions)} not supported on this object`);
    }
    await changeEach<Service>(args.slice(0, -1), { flags, session, done: 'selector updated' }, ({ resource }) => {
      if (resource.kind !== 'Service') throw new CommandError('setting a selector is only supported for Services');
      const { resourceVersion } = flags;
      return {
        ...(resourceVersion ? { metadata: { resourceVersion } } : {}),
        spec: { selector: { ...matchLabels, $patch: 'replace' } },
      };
    });
  },
});
