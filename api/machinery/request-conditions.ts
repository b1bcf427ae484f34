/** The times of a request's conditions: what its writer left out is filled in. */
import type { CertificateSigningRequestCondition as Condition } from '../types/certificates.v1.ts';

export function withTimes(next: readonly Condition[], previous: readonly Condition[], now: string): Condition[] {
  return next.map((condition) => {
    const before = previous.find(({ type, status }) => type === condition.type && status === condition.status);
    return {
      ...condition,
      lastUpdateTime: condition.lastUpdateTime ?? now,
      lastTransitionTime: condition.lastTransitionTime ?? before?.lastTransitionTime ?? now,
    };
  });
}
