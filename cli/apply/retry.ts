/** Whether apply should look again: somebody else was quicker. */
import { ApiError } from '../../lib/client/errors.ts';
import { SourceError } from '../errors.ts';

/** `current` is the object that was there; undefined when there was none. */
export function isRetriableConflict(error: unknown, current: object | undefined): boolean {
  const cause = error instanceof SourceError ? error.cause : error;
  if (!(cause instanceof ApiError)) return false;
  return current ? cause.reason === 'Conflict' : cause.reason === 'AlreadyExists';
}
