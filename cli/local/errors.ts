import { CommandError } from '../errors.ts';

/** A local cluster can't do what was asked; the message says all there is to say. */
export class LocalError extends CommandError {
  override readonly name = 'LocalError';
}
