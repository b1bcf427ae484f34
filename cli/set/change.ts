/** What all `set` verbs share: pod specs, wherever they stand, and the patch that changes an object. */
import type { KubeObject } from '../../api/object.ts';
import type { PodSpec } from '../../api/types/core.v1.ts';
import { patchedAlone } from '../apply/locally.ts';
import { objectName } from '../discovery.ts';
import { CommandError, forEachAttempt } from '../errors.ts';
import { localFlag, Outcome, outcomeFlags, type OutcomeValues } from '../outcome.ts';
import { selectObjects, selectionFlags, type Selected, type SelectionValues } from '../selection.ts';
import type { Session } from '../session.ts';

export const setFlags = { ...selectionFlags, ...outcomeFlags, local: localFlag };
export type SetValues = SelectionValues & OutcomeValues & { readonly local: boolean };

export interface WithTemplate extends KubeObject {
  readonly spec?: PodSpec & { readonly template?: { readonly spec?: PodSpec } };
}

/** The pod spec of an object, and how a patch of it is wrapped. */
export function podSpecOf({ resource, name, object }: Selected<WithTemplate>): {
  spec: PodSpec;
  readonly wrap: (spec: object) => object;
} {
  if (resource.kind === 'Pod' && object.spec) return { spec: object.spec, wrap: (spec) => ({ spec }) };
  const spec = object.spec?.template?.spec;
  if (!spec) throw new CommandError(`${objectName(resource, name)} has no pods of its own`);
  return { spec, wrap: (inner) => ({ spec: { template: { spec: inner } } }) };
}

/**
 * Patches each object that `words` select with what `patchOf` says, nothing for undefined. `done` is such as
 * `image updated`.
 */
export async function changeEach<T extends KubeObject>(
  words: readonly string[],
  { flags, session, done }: { flags: SetValues; session: Session; done: string },
  patchOf: (selected: Selected<T>) => object | undefined,
): Promise<void> {
  const outcome = new Outcome(flags, session);
  const client = await session.client();
  await forEachAttempt(await selectObjects<T>(words, flags, session), async (selected) => {
    const patch = patchOf(selected);
    if (patch === undefined) return;
    const { resource, path } = selected;
    if (outcome.isClientOnly || flags.local)
      return outcome.say(resource, await patchedAlone(selected, 'strategic-merge-patch', patch), done);
    const changed = await client.patch<T>(path, 'strategic-merge-patch', patch, { query: outcome.query });
    await outcome.say(resource, changed, done);
  });
}
