/** Plans for a job that is to go some time after it has ended. */
import { kinds } from '../../../api/kinds.ts';
import type { Job } from '../../../api/types/batch.v1.ts';
import { targetOf } from '../actions.ts';
import type { Moment, Plan } from '../controller.ts';
import { NOTHING } from '../controller.ts';
import { conditionOf } from '../job/verdict.ts';

/** Milliseconds since 1970 at which it is to go; undefined while it is not known. */
export function expiryOf(job: Job): number | undefined {
  const { ttlSecondsAfterFinished: ttl } = job.spec;
  const ended = conditionOf(job, 'Complete') ?? conditionOf(job, 'Failed');
  if (ttl === undefined || !ended || job.metadata.deletionTimestamp !== undefined) return undefined;
  const at = Date.parse(ended.lastTransitionTime ?? '') + ttl * 1000;
  return Number.isNaN(at) ? undefined : at;
}

/** Guarded by the revision: somebody may just have given it more time. */
export function planExpiry(job: Job, { date }: Moment): Plan {
  const expiry = expiryOf(job);
  if (expiry === undefined) return NOTHING;
  const wait = expiry - date.getTime();
  if (wait > 0) return { ...NOTHING, reasons: ['it is kept for a while'], after: wait };
  const { resourceVersion = '' } = job.metadata;
  const why = 'it has ended long enough ago';
  const target = targetOf(kinds.jobs, job);
  return { actions: [{ do: 'delete', target, propagationPolicy: 'Foreground', resourceVersion, why }], reasons: [] };
}
