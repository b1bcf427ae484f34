import type { KubeObject } from '../../api/object.ts';
import { isRetriableConflict } from '../apply/retry.ts';
import { patchedLocally } from '../apply/locally.ts';
import { LAST_APPLIED, lastAppliedOf, withLastApplied } from '../apply/last-applied.ts';
import { SchemaRules } from '../apply/rules.ts';
import { setLastApplied } from '../apply/set-last-applied.ts';
import { threeWayPatch } from '../apply/three-way.ts';
import { viewLastApplied } from '../apply/view-last-applied.ts';
import { defineCommand } from '../command.ts';
import { CommandError, SourceError, forEachAttempt } from '../errors.ts';
import { text, toggle } from '../flags.ts';
import { isNotFound } from '../get/tables.ts';
import { fileFlags } from '../file-flags.ts';
import { readItems, type Item } from '../manifests.ts';
import { Outcome, fieldValidation, outcomeFlags, validateFlag } from '../outcome.ts';
import type { RestClient } from '../../lib/client/rest.ts';
import type { Session } from '../session.ts';

const MAX_CONFLICTS = 5;
const NO_DRY_RUN_HERE = "--dry-run=client doesn't work with --server-side (did you mean --dry-run=server instead?)";

export const command = defineCommand({
  summary: 'Apply a configuration to a resource by file name or stdin',
  usage: '(-f FILENAME | -f -) [flags]',
  examples: ['dure apply -f app.yaml', 'dure apply -R -f manifests/', 'cat app.yaml | dure apply -f -'],
  flags: {
    ...fileFlags,
    ...outcomeFlags,
    validate: validateFlag,
    serverSide: toggle('If true, apply runs in the server instead of the client'),
    forceConflicts: toggle('If true, server-side apply will force the changes against conflicts'),
    prune: toggle('Delete what is no longer in the files; not supported'),
    selector: text('Selector (label query) over the objects in the files', { short: 'l' }),
    overwrite: toggle('Kept for scripts: values that others changed are always overwritten', { fallback: true }),
    wait: toggle('Kept for scripts: apply deletes nothing that could be waited for'),
    force: toggle('Delete and create again what cannot be patched; not supported'),
  },
  subcommands: { 'view-last-applied': viewLastApplied, 'set-last-applied': setLastApplied },
  async run({ flags, session }) {
    if (flags.prune) throw new CommandError('--prune is not supported: delete what is no longer wanted by label');
    if (flags.force) throw new CommandError('--force is not supported: use "dure replace --force"');
    if (flags.filename.length === 0 && flags.kustomize === undefined) {
      throw new CommandError('must specify one of -f and -k');
    }
    const items = await selected(await readItems(flags, session), flags.selector);
    const outcome = new Outcome(flags, session);
    const client = await session.client();
    const validation = fieldValidation(flags.validate);
    if (flags.serverSide) {
      if (outcome.isClientOnly) throw new CommandError(NO_DRY_RUN_HERE);
      const { applyOnServer } = await import('../apply/server-side.ts');
      const how = { client, outcome, validation, force: flags.forceConflicts };
      return forEachAttempt(items, (item) => applyOnServer(item, how));
    }
    if (flags.forceConflicts) throw new CommandError('--force-conflicts only works with --server-side');
    let rules: SchemaRules | undefined;
    await forEachAttempt(items, (item) =>
      applyItem(item, { client, outcome, session, validation, rules: (rules ??= new SchemaRules()) }),
    );
  },
});

interface Context {
  readonly client: RestClient;
  readonly outcome: Outcome;
  readonly session: Session;
  readonly validation: string;
  readonly rules: SchemaRules;
}

async function selected(items: readonly Item[], selector: string | undefined): Promise<readonly Item[]> {
  if (selector === undefined) return items;
  const { parseLabelSelector } = await import('../../api/machinery/selectors.ts');
  const { matches } = parseLabelSelector(selector);
  return items.filter(({ object }) => matches(object.metadata.labels));
}

async function applyItem(item: Item, context: Context): Promise<void> {
  if (item.name === '') throw new CommandError(`from ${item.source}: cannot use generate name with apply`);
  for (let conflicts = 0; ; conflicts++) {
    const current = await currentOf(item, context);
    try {
      return await (current ? patch(item, current, context) : create(item, context));
    } catch (error) {
      if (conflicts >= MAX_CONFLICTS || !isRetriableConflict(error, current)) throw error;
    }
  }
}

async function currentOf({ path, source }: Item, { client }: Context): Promise<KubeObject | undefined> {
  try {
    return await client.get<KubeObject>(path);
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw new SourceError('retrieving current configuration of', source, error);
  }
}

async function create(item: Item, { client, outcome, validation }: Context): Promise<void> {
  const object = withLastApplied(item.object);
  const query = { ...outcome.query, fieldValidation: validation };
  const created = outcome.isClientOnly
    ? object
    : await attempt('creating', item, () => client.create<KubeObject>(item.collection, object, { query }));
  await outcome.say(item.resource, created, 'created');
}

async function patch(
  item: Item,
  current: KubeObject,
  { client, outcome, session, validation, rules }: Context,
): Promise<void> {
  const { resource } = item;
  if (current.metadata.annotations?.[LAST_APPLIED] === undefined) session.warn(missingWarning(item));
  const modified = withLastApplied(item.object);
  const typeName = rules.typeOf(resource);
  const original = lastAppliedOf(current) ?? {};
  const change = threeWayPatch({ original, modified: { ...modified }, current: { ...current } }, typeName, rules);
  if (Object.keys(change).length === 0) return outcome.say(resource, current, 'unchanged');
  if (outcome.isClientOnly) return outcome.say(resource, await patchedLocally(current, change, typeName), 'configured');
  const query = { ...outcome.query, fieldValidation: validation };
  const patchType = typeName === undefined ? 'merge-patch' : 'strategic-merge-patch';
  const patched = await attempt('applying patch to', item, () =>
    client.patch<KubeObject>(item.path, patchType, change, { query }),
  );
  return outcome.say(resource, patched, 'configured');
}

async function attempt<T>(doing: string, { source }: Item, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    throw new SourceError(doing, source, error);
  }
}

function missingWarning({ resource, name }: Item): string {
  return (
    `Warning: resource ${resource.name}/${name} is missing the ${LAST_APPLIED} annotation which is required by dure apply. ` +
    'dure apply should only be used on resources created declaratively by either dure create --save-config or dure apply. ' +
    'The missing annotation will be patched automatically.'
  );
}
