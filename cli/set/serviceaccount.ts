import { defineCommand } from '../command.ts';
import { CommandError } from '../errors.ts';
import { changeEach, podSpecOf, setFlags, type WithTemplate } from './change.ts';

export const serviceaccount = defineCommand({
  summary: 'Update the service account of pod templates',
  usage: '(-f FILENAME | TYPE NAME) SERVICE_ACCOUNT',
  examples: ['dure set serviceaccount deployment web robot'],
  flags: setFlags,
  async run({ args, flags, session }) {
    const name = args.at(-1);
    if (name === undefined) throw new CommandError('serviceaccount is required');
    const done = 'serviceaccount updated';
    await changeEach<WithTemplate>(args.slice(0, -1), { flags, session, done }, (selected) =>
      podSpecOf(selected).wrap({ serviceAccountName: name, serviceAccount: name }),
    );
  },
});
