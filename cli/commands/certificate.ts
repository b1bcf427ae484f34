import type { CertificateSigningRequest } from '../../api/types/certificates.v1.ts';
import type { KubeObject } from '../../api/object.ts';
import { defineCommand, type CommandModule } from '../command.ts';
import { CommandError, forEachAttempt } from '../errors.ts';
import { toggle } from '../flags.ts';
import { fileFlags } from '../file-flags.ts';
import { Outcome, outcomeFlags } from '../outcome.ts';
import { NO_SELECTION, selectObjects } from '../selection.ts';

interface Decision {
  readonly summary: string;
  readonly type: 'Approved' | 'Denied';
  readonly opposite: 'Approved' | 'Denied';
  readonly reason: string;
  readonly done: string;
}

function deciding({ summary, type, opposite, reason, done }: Decision): CommandModule {
  return defineCommand({
    summary,
    usage: '(-f FILENAME | NAME ...)',
    flags: {
      ...fileFlags,
      ...outcomeFlags,
      force: toggle('Decide also what has been decided in the same way already'),
    },
    async run({ args, flags, session }) {
      if (args.length === 0 && flags.filename.length === 0)
        throw new CommandError('one or more CSRs must be specified as <name> or -f <filename>');
      const outcome = new Outcome(flags, session);
      const client = await session.client();
      const named = args.map((name) => `certificatesigningrequests.certificates.k8s.io/${name}`);
      const selected = await selectObjects<CertificateSigningRequest>(named, { ...NO_SELECTION, ...flags }, session);
      await forEachAttempt(selected, async ({ object, path, resource }) => {
        const { conditions = [] } = object.status ?? {};
        if (conditions.some((condition) => condition.type === opposite))
          throw new CommandError(`certificate signing request "${object.metadata.name}" is already ${opposite}`);
        const isDecided = conditions.some((condition) => condition.type === type);
        if (outcome.isClientOnly || (isDecided && !flags.force)) return outcome.say(resource, object, done);
        const message = `This CSR was ${done} by dure certificate ${type === 'Approved' ? 'approve' : 'deny'}.`;
        const others = conditions.filter((condition) => condition.type !== type);
        const condition = { type, status: 'True', reason, message, lastUpdateTime: new Date().toISOString() };
        const decided = { ...object, status: { ...object.status, conditions: [...others, condition] } };
        const answer = await client.update<KubeObject>(`${path}/approval`, decided, { query: outcome.query });
        await outcome.say(resource, answer, done);
      });
    },
  });
}

const approve = deciding({
  summary: 'Approve a certificate signing request',
  type: 'Approved',
  opposite: 'Denied',
  reason: 'DureApprove',
  done: 'approved',
});

const deny = deciding({
  summary: 'Deny a certificate signing request',
  type: 'Denied',
  opposite: 'Approved',
  reason: 'DureDeny',
  done: 'denied',
});

export const command: CommandModule = {
  summary: 'Modify certificate resources',
  usage: '(approve|deny) NAME ...',
  subcommands: { approve, deny },
};
