import type { KubeObject } from '../../api/object.ts';
import { withLastApplied } from '../apply/last-applied.ts';
import { defineCommand } from '../command.ts';
import { CommandError, SourceError, forEachAttempt } from '../errors.ts';
import { text } from '../flags.ts';
import { cronjob, job } from '../generators/batch.ts';
import { createFlags } from '../generators/create.ts';
import { ingress } from '../generators/ingress.ts';
import { configmap, deployment, namespace, service, serviceaccount } from '../generators/objects.ts';
import { poddisruptionbudget, priorityclass, quota } from '../generators/policy.ts';
import { clusterrole, clusterrolebinding, role, rolebinding } from '../generators/rights.ts';
import { secret } from '../generators/secrets.ts';
import { token } from '../generators/token.ts';
import { fileFlags } from '../file-flags.ts';
import { readItems } from '../manifests.ts';
import { Outcome, fieldValidation } from '../outcome.ts';

export const command = defineCommand({
  summary: 'Create a resource from a file or from stdin',
  usage: '-f FILENAME',
  examples: [
    'dure create -f pod.yaml',
    'dure create deployment web --image=nginx',
    'dure create configmap c --from-literal=a=b',
  ],
  flags: { ...fileFlags, ...createFlags, raw: text('Raw URI to POST to; needs -f') },
  subcommands: {
    clusterrole,
    clusterrolebinding,
    configmap,
    cm: configmap,
    cronjob,
    cj: cronjob,
    deployment,
    deploy: deployment,
    ingress,
    ing: ingress,
    job,
    namespace,
    ns: namespace,
    poddisruptionbudget,
    pdb: poddisruptionbudget,
    priorityclass,
    pc: priorityclass,
    quota,
    resourcequota: quota,
    role,
    rolebinding,
    secret,
    service,
    svc: service,
    serviceaccount,
    sa: serviceaccount,
    token,
  },
  async run({ args, flags, session }) {
    if (args.length > 0) throw new CommandError(`Unexpected args: [${args.join(' ')}]`);
    if (flags.raw !== undefined) throw new CommandError('--raw is not supported by create');
    if (flags.filename.length === 0 && flags.kustomize === undefined) {
      throw new CommandError('must specify one of -f and -k');
    }
    const items = await readItems(flags, session);
    const outcome = new Outcome(flags, session);
    const client = await session.client();
    const query = { ...outcome.query, fieldValidation: fieldValidation(flags.validate) };
    await forEachAttempt(items, async ({ object: given, collection, resource, source }) => {
      const object = flags.saveConfig ? withLastApplied(given) : given;
      try {
        const created = outcome.isClientOnly ? object : await client.create<KubeObject>(collection, object, { query });
        await outcome.say(resource, created, 'created');
      } catch (error) {
        throw new SourceError('creating', source, error);
      }
    });
  },
});
