/** What ends a command other than success, and how that is said. */

/** The command can't go on; the message is for the user and needs no more explanation. */
export class CommandError extends Error {
  override readonly name: string = 'CommandError';
}

/** The command line itself is wrong. */
export class UsageError extends CommandError {
  override readonly name = 'UsageError';
}

/** Several things went wrong, each with a line of its own. */
export class ManyErrors extends Error {
  override readonly name = 'ManyErrors';
  readonly errors: readonly unknown[];

  constructor(errors: readonly unknown[]) {
    super(`${errors.length} errors`);
    this.errors = errors;
  }
}

/** Where an object came from, added to what the server says about it. */
export class SourceError extends Error {
  override readonly name = 'SourceError';

  /** `doing` is such as `creating`. */
  constructor(doing: string, source: string, cause: unknown) {
    super(`error when ${doing} "${source}"`, { cause });
  }
}

/** Throws nothing for none, the only one as it is, and several as {@link ManyErrors}. */
export function throwAll(errors: readonly unknown[]): void {
  if (errors.length === 1) throw errors[0];
  if (errors.length > 1) throw new ManyErrors(errors);
}

/** Does `act` for each item, in order, and throws what failed only after the last. */
export async function forEachAttempt<T>(items: Iterable<T>, act: (item: T) => Promise<void>): Promise<void> {
  const errors: unknown[] = [];
  for (const item of items) {
    try {
      await act(item);
    } catch (error) {
      errors.push(error);
    }
  }
  throwAll(errors);
}
