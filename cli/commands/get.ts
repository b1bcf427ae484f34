import { defineCommand, type Call } from '../command.ts';
import { CommandError, throwAll } from '../errors.ts';
import { integerOr, list, text, toggle, type FlagTable, type Values } from '../flags.ts';
import { fileFlags } from '../file-flags.ts';
import { parseTargets, type Target } from '../targets.ts';

export const getFlags = {
  ...fileFlags,
  allNamespaces: toggle('If present, list the requested objects across all namespaces', { short: 'A' }),
  chunkSize: integerOr(500, 'Return large lists in chunks rather than all at once'),
  fieldSelector: text('Selector (field query) to filter on'),
  ignoreNotFound: toggle('If the requested object does not exist the command will return exit code 0'),
  labelColumns: list('Labels that are going to be presented as columns', { short: 'L' }),
  noHeaders: toggle("When using the default or custom-column output format, don't print headers"),
  output: text('Output format: json, yaml, name, wide, jsonpath=…, custom-columns=…', { short: 'o' }),
  outputWatchEvents: toggle('Output watch event objects when --watch or --watch-only is used'),
  raw: text('Raw URI to request from the server'),
  selector: text('Selector (label query) to filter on', { short: 'l' }),
  serverPrint: toggle('Kept for scripts: the server always makes the tables', { fallback: true }),
  showKind: toggle('If present, list the resource type for the requested object(s)'),
  showLabels: toggle('When printing, show all labels as the last column'),
  showManagedFields: toggle('If true, keep the managedFields when printing objects in JSON or YAML format'),
  sortBy: text('If non-empty, sort list types using this field specification'),
  subresource: text('If specified, gets the subresource of the requested object'),
  watch: toggle('After listing/getting the requested object, watch for changes', { short: 'w' }),
  watchOnly: toggle('Watch for changes to the requested object(s), without listing/getting first'),
} satisfies FlagTable;

export type GetFlags = Values<typeof getFlags>;

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
    const isTable = flags.output === undefined || flags.output === '' || flags.output === 'wide';
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
