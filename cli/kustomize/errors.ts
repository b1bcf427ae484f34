import { CommandError } from '../errors.ts';

/** A kustomization that can't be built; the message is for whoever wrote it. */
export class KustomizeError extends CommandError {
  override readonly name: string = 'KustomizeError';
}
