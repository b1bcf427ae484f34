/** Numbers in a status: none is negative, and no part is greater than its whole. */
import type { FieldErrors } from './field-errors.ts';

type Counts = Readonly<Record<string, unknown>>;

export function validateCounts(errors: FieldErrors, status: object): void {
  for (const [field, value] of Object.entries(status)) {
    if (typeof value === 'number') errors.notNegative(`status.${field}`, value);
  }
}

/** `parts` are no greater than `replicas`, and no more are available than ready. */
export function validateReplicaCounts(
  errors: FieldErrors,
  status: object,
  parts: readonly string[],
  readyField = 'readyReplicas',
): void {
  const of = (field: string): number => {
    const value = (status as Counts)[field];
    return typeof value === 'number' ? value : 0;
  };
  for (const field of parts) {
    if (of(field) > of('replicas')) {
      errors.invalid(`status.${field}`, of(field), 'cannot be greater than status.replicas');
    }
  }
  if (of('availableReplicas') > of('readyReplicas')) {
    errors.invalid('status.availableReplicas', of('availableReplicas'), `cannot be greater than ${readyField}`);
  }
}

/** How often a name was taken already is never forgotten. */
export function validateCollisions(
  errors: FieldErrors,
  next: { collisionCount?: number } | undefined,
  previous: { collisionCount?: number } | undefined,
): void {
  const before = previous?.collisionCount;
  const now = next?.collisionCount;
  if (before === undefined || (now !== undefined && now >= before)) return;
  errors.invalid('status.collisionCount', now ?? 0, 'cannot be decremented');
}
