/** `--overrides`: a patch of the object that a verb makes from its flags. */
import { parse } from 'yaml';
import type { KubeObject } from '../api/object.ts';
import type { PatchType } from '../lib/client/rest.ts';
import { patchedAlone } from './apply/locally.ts';
import { CommandError } from './errors.ts';
import { text, textOr } from './flags.ts';

export const overrideFlags = {
  overrides: text('An inline JSON override for the generated object'),
  overrideType: textOr('merge', 'The method used to override the generated object: json, merge, or strategic.'),
};

const TYPES: Readonly<Record<string, PatchType>> = {
  json: 'json-patch',
  merge: 'merge-patch',
  strategic: 'strategic-merge-patch',
};

/** `object` is of a kind of the core group. Throws CommandError for what is no patch. */
export async function overridden<T extends KubeObject>(
  object: T,
  { overrides, overrideType }: { readonly overrides: string | undefined; readonly overrideType: string },
): Promise<T> {
  if (!overrides) return object;
  const type = Object.hasOwn(TYPES, overrideType) ? TYPES[overrideType] : undefined;
  if (!type) throw new CommandError(`invalid override type: ${overrideType}`);
  const resource = { group: '', version: 'v1', kind: object.kind ?? '' };
  return patchedAlone({ resource, object }, type, parsed(overrides));
}

function parsed(overrides: string): unknown {
  try {
    return parse(overrides);
  } catch {
    throw new CommandError(`unable to parse "${overrides}": it is neither JSON nor YAML`);
  }
}
