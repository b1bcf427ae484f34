import { defineCommand, type Call } from '../command.ts';
import { CommandError, throwAll } from '../errors.ts';
import { getFlags } from '../get/flags.ts';
import { formatOf } from '../print/flags.ts';
import { parseTargets, type Target } from '../targets.ts';

export const command = defineCommand({
  summary: 'Display one or many resources',
  usage:
    '[(-o|--output=)json|yaml|name|wide|…] (TYPE[.VERSION][.GROUP] [NAME | -l label] | TYPE[.VERSION][.GROUP]/NAME ...) [flags]',
  examples: [
    'dure get pods',
    'dure get pods -o wide -A',
    'dure get deployment/hello -o yaml',
    'dure get pods -l app=hello -w',
  ],
  flags: getFlags,
  async run(call) {
    const { flags, session } = call;
    if (flags.raw !== undefined) {
      for await (const chunk of (await session.client()).stream(flags.raw)) session.write(chunk);
      return;
    }
    const targets = await targetsOf(call);
    if (flags.subresource !== undefined && targets.some(({ name }) => name === undefined)) {
      throw new CommandError('a resource name must be specified with --subresource');
    }
    if (flags.watch || flags.watchOnly) {
      const { watchTargets } = await import('../get/watch.ts');
      return watchTargets(targets, flags, session);
    }
    const isTable = [undefined, 'wide'].includes(formatOf(flags));
    const errors = isTable
      ? await (await import('../get/tables.ts')).printTables(targets, flags, session)
      : await (await import('../get/objects.ts')).printObjects(targets, flags, session);
    throwAll(errors);
  },
});

async function targetsOf({ args, flags, session }: Call<typeof getFlags>): Promise<Target[]> {
  const { allNamespaces } = flags;
  if (flags.filename.length > 0 || flags.kustomize !== undefined) {
    const { readItems } = await import('../manifests.ts');
    return (await readItems(flags, session)).map(({ resource, namespace, name }) => ({
      resource,
      name,
      ...(namespace === undefined ? {} : { namespace }),
    }));
  }
  if (args.length === 0) {
    throw new CommandError(
      'You must specify the type of resource to get. Use "dure api-resources" for a complete list of supported resources.\n\n' +
        'error: Required resource not specified.',
    );
  }
  const targets = await parseTargets(args, session, { allNamespaces });
  const isSelective = flags.selector !== undefined || flags.fieldSelector !== undefined;
  if (isSelective && targets.some(({ name }) => name !== undefined)) {
    throw new CommandError('selectors and the all flag cannot be used when passing resource/name arguments');
  }
  return targets;
}
