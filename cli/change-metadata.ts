/** `label` and `annotate`: keys set with `key=value`, taken away with `key-`. */
import type { KubeObject } from '../api/object.ts';
import type { Call } from './command.ts';
import { CommandError, forEachAttempt } from './errors.ts';
import { text, toggle } from './flags.ts';
import { patchedLocally } from './apply/locally.ts';
import { localFlag, Outcome, outcomeFlags } from './outcome.ts';
import { objectName } from './discovery.ts';
import { selectObjects, selectionFlags, type Selected } from './selection.ts';

export const metadataFlags = {
  ...selectionFlags,
  ...outcomeFlags,
  local: localFlag,
  overwrite: toggle('If true, allow values to be overwritten'),
  list: toggle('If true, display the values for a given resource'),
  resourceVersion: text('If non-empty, the update will only succeed if this is the current version'),
};

type Field = 'labels' | 'annotations';

/** `done` is such as `labeled`. */
export async function changeMetadata(field: Field, done: string, call: Call<typeof metadataFlags>): Promise<void> {
  const { args, flags, session } = call;
  const isChange = (arg: string): boolean => /^[^=]+=/s.test(arg) || /^[^=]+-$/.test(arg);
  const found = args.findIndex(isChange);
  const split = found < 0 ? args.length : found;
  const changes = changesOf(args.slice(split), field);
  if (Object.keys(changes).length === 0 && !flags.list)
    throw new CommandError(`at least one ${singular(field)} update is required`);
  const outcome = new Outcome(flags, session);
  const client = await session.client();
  await forEachAttempt(await selectObjects(args.slice(0, split), flags, session), async (selected) => {
    const current = selected.object.metadata[field] ?? {};
    if (flags.list) return listValues(selected, current, (line) => session.print(line));
    refuseOverwrite(current, changes, flags.overwrite, field);
    const different = Object.entries(changes).filter(([key, value]) => (value ?? undefined) !== current[key]);
    for (const [key, value] of Object.entries(changes)) {
      if (field === 'labels' && value === null && current[key] === undefined)
        session.print(`${singular(field)} "${key}" not found.`);
    }
    const { resourceVersion } = flags;
    const patch = { metadata: { [field]: changes, ...(resourceVersion === undefined ? {} : { resourceVersion }) } };
    const isRemoval = different.length > 0 && different.every(([, value]) => value === null);
    const said =
      different.length === 0 && field === 'labels'
        ? 'not labeled'
        : isRemoval && field === 'labels'
          ? 'unlabeled'
          : done;
    if (flags.local) {
      const local = await patchedLocally(selected.object, patch, undefined);
      return outcome.say(selected.resource, local, said);
    }
    const changed =
      outcome.isClientOnly || different.length === 0
        ? selected.object
        : await client.patch<KubeObject>(selected.path, 'merge-patch', patch, { query: outcome.query });
    await outcome.say(selected.resource, changed, said);
  });
}

function changesOf(args: readonly string[], field: Field): Record<string, string | null> {
  const changes: Record<string, string | null> = {};
  for (const arg of args) {
    const equals = arg.indexOf('=');
    if (equals > 0) changes[arg.slice(0, equals)] = arg.slice(equals + 1);
    else if (arg.endsWith('-') && arg.length > 1) changes[arg.slice(0, -1)] = null;
    else throw new CommandError(`unknown ${singular(field)} spec: ${arg}`);
  }
  return changes;
}

function refuseOverwrite(
  current: Readonly<Record<string, string>>,
  changes: Readonly<Record<string, string | null>>,
  overwrite: boolean,
  field: Field,
): void {
  if (overwrite) return;
  const taken = Object.entries(changes).filter(
    ([key, value]) => value !== null && current[key] !== undefined && current[key] !== value,
  );
  const [first] = taken;
  if (!first) return;
  if (field === 'labels') {
    throw new CommandError(`'${first[0]}' already has a value (${current[first[0]]}), and --overwrite is false`);
  }
  throw new CommandError(
    `--overwrite is false but found the following declared annotation(s): ${taken.map(([key]) => `'${key}' already has a value (${current[key]})`).join('; ')}`,
  );
}

function listValues(
  { resource, name }: Selected,
  values: Readonly<Record<string, string>>,
  print: (line: string) => void,
): void {
  print(`Listing ${objectName(resource, name)}:`);
  for (const [key, value] of Object.entries(values)) print(`${key}=${value}`);
}

function singular(field: Field): string {
  return field === 'labels' ? 'label' : 'annotation';
}
