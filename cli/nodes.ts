/** What `cordon`, `uncordon` and `drain` share. */
import type { Node } from '../api/types/core.v1.ts';
import { CommandError } from './errors.ts';
import { text } from './flags.ts';
import { NO_SELECTION, selectObjects, type Selected } from './selection.ts';
import type { Session } from './session.ts';
import { Outcome, type OutcomeValues } from './outcome.ts';

export const nodeFlags = {
  selector: text('Selector (label query) to filter on', { short: 'l' }),
};

export async function selectNodes(
  args: readonly string[],
  selector: string | undefined,
  session: Session,
): Promise<Selected<Node>[]> {
  if (args.length === 0 && selector === undefined) throw new CommandError('USAGE: NODE [flags]');
  if (args.length > 0 && selector !== undefined)
    throw new CommandError('cannot specify both a node name and a --selector option');
  // `node/n1` names the type itself.
  const words = args.some((arg) => arg.includes('/')) ? args : ['nodes', ...args];
  return selectObjects<Node>(words, { ...NO_SELECTION, selector }, session);
}

/** `node/n1 cordoned`. */
export async function setUnschedulable(
  { path, object, resource }: Selected<Node>,
  unschedulable: boolean,
  values: Pick<OutcomeValues, 'dryRun'>,
  session: Session,
): Promise<void> {
  const outcome = new Outcome(
    { ...values, output: undefined, showManagedFields: false, fieldManager: 'dure' },
    session,
  );
  const done = unschedulable ? 'cordoned' : 'uncordoned';
  if ((object.spec?.unschedulable === true) === unschedulable) return outcome.say(resource, object, `already ${done}`);
  const patch = { spec: { unschedulable: unschedulable || null } };
  if (!outcome.isClientOnly)
    await (await session.client()).patch(path, 'strategic-merge-patch', patch, { query: outcome.query });
  await outcome.say(resource, object, done);
}
