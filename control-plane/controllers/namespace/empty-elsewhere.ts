/** Empties a namespace of what other API servers hold in it. */
import { StatusError } from '../../../api/errors.ts';
import type { EmptyElsewhere, Remains, RemoteResource } from '../elsewhere.ts';

/** Something is left, or could not be deleted. */
export class LeftElsewhere extends StatusError {
  readonly remains: readonly Remains[];
  readonly failures: readonly string[];

  constructor(remains: readonly Remains[], failures: readonly string[]) {
    const left = remains.map(({ resource, objects }) => `${resource} has ${objects} resource instances`);
    super({ code: 409, reason: 'Conflict', message: [...left, ...failures].join(', ') });
    this.remains = remains;
    this.failures = failures;
  }
}

/** Asks for all of them, whatever becomes of the others. Rejects with {@link LeftElsewhere} unless nothing is left. */
export async function emptyElsewhere(
  resources: readonly RemoteResource[],
  namespace: string,
  empty: EmptyElsewhere,
): Promise<void> {
  const remains: Remains[] = [];
  const failures: string[] = [];
  for (const resource of resources) {
    try {
      const rest = await empty(resource, namespace);
      if (rest.objects > 0) remains.push(rest);
    } catch (error) {
      failures.push((error as Error).message);
    }
  }
  if (remains.length > 0 || failures.length > 0) throw new LeftElsewhere(remains, failures);
}
