/** What all `create TYPE` verbs share: an object made from flags is sent, or shown. */
import type { KubeObject } from '../../api/object.ts';
import { withLastApplied } from '../apply/last-applied.ts';
import type { Resource } from '../discovery.ts';
import { itemOf } from '../manifests.ts';
import { CommandError } from '../errors.ts';
import { toggle } from '../flags.ts';
import { Outcome, fieldValidation, outcomeFlags, validateFlag, type OutcomeValues } from '../outcome.ts';
import type { Session } from '../session.ts';

export const createFlags = {
  ...outcomeFlags,
  validate: validateFlag,
  saveConfig: toggle('If true, the configuration of current object will be saved in its annotation'),
};

export interface CreateValues extends OutcomeValues {
  readonly validate: string;
  readonly saveConfig: boolean;
}

/** `made` without a namespace is created in the session's. What several objects have in common is one outcome. */
export async function createObject(
  made: KubeObject,
  flags: CreateValues,
  session: Session,
  done = 'created',
  outcome = new Outcome(flags, session),
): Promise<KubeObject> {
  const { resource, created } = await sendObject(made, flags, session, outcome);
  await outcome.say(resource, created, done);
  return created;
}

/** The same, and nothing is said yet. */
export async function sendObject(
  made: KubeObject,
  flags: CreateValues,
  session: Session,
  outcome: Outcome,
): Promise<{ readonly resource: Resource; readonly created: KubeObject }> {
  const item = await itemOf({ object: made, source: 'flags' }, session);
  const plain = outcome.isClientOnly ? made : item.object;
  const object = flags.saveConfig ? withLastApplied(plain) : plain;
  const query = { ...outcome.query, fieldValidation: fieldValidation(flags.validate) };
  const created = outcome.isClientOnly
    ? object
    : await (await session.client()).create<KubeObject>(item.collection, object, { query });
  return { resource: item.resource, created };
}

/** The one argument. */
export function onlyName(args: readonly string[]): string {
  const [name] = args;
  if (args.length === 1 && name) return name;
  throw new CommandError(`exactly one NAME is required, got ${args.length}`);
}

/** `key=value`. */
export function pairOf(text: string): [string, string] {
  const equals = text.indexOf('=');
  if (equals < 1) throw new CommandError(`invalid literal source ${text}, expected key=value`);
  return [text.slice(0, equals), text.slice(equals + 1)];
}
