/** `apply --server-side`: the server merges by who owns which field. */
import type { KubeObject } from '../../api/object.ts';
import { ApiError } from '../../lib/client/errors.ts';
import type { RestClient } from '../../lib/client/rest.ts';
import { CommandError, SourceError } from '../errors.ts';
import type { Item } from '../manifests.ts';
import type { Outcome } from '../outcome.ts';

const CONFLICT = 'FieldManagerConflict';
const ADVICE = `These fields have other managers. Give the same values as they do to own the fields together, leave the fields
out of the file to leave them alone, or take them over with --force-conflicts.`;

export interface ServerSide {
  readonly client: RestClient;
  readonly outcome: Outcome;
  /** As fieldValidation has it. */
  readonly validation: string;
  readonly force: boolean;
}

export async function applyOnServer(item: Item, { client, outcome, validation, force }: ServerSide): Promise<void> {
  if (item.name === '') throw new CommandError(`from ${item.source}: cannot use generate name with apply`);
  const { managedFields: _owners, ...metadata } = item.object.metadata;
  const query = { ...outcome.query, fieldValidation: validation, force };
  try {
    const applied = await client.apply<KubeObject>(item.path, { ...item.object, metadata }, { query });
    await outcome.say(item.resource, applied, 'serverside-applied');
  } catch (error) {
    throw isOwnership(error)
      ? new CommandError(`${error.message}\n${ADVICE}`)
      : new SourceError('applying', item.source, error);
  }
}

function isOwnership(error: unknown): error is ApiError {
  return error instanceof ApiError && error.status.details?.causes?.some(({ reason }) => reason === CONFLICT) === true;
}
