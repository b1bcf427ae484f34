/** Reads what the explanation of a cron job needs. */
import type { CronJob, Job } from '../../api/types/batch.v1.ts';
import { eventsOf } from '../describe/common.ts';
import type { Session } from '../session.ts';
import type { CronJobSeen } from './cronjob.ts';
import type { Explanation } from './explanation.ts';

export async function cronJobSeen(
  cronJob: CronJob,
  explainJob: (job: Job) => Promise<Explanation>,
  session: Session,
): Promise<CronJobSeen> {
  const { namespace, uid } = cronJob.metadata;
  const client = await session.client();
  const { items } = await client.list<Job>(`/apis/batch/v1/namespaces/${namespace}/jobs`);
  const made = ({ metadata }: Job): string => metadata.creationTimestamp ?? '';
  const own = items
    .filter(({ metadata }) => metadata.ownerReferences?.some((owner) => owner.uid === uid))
    .toSorted((a, b) => (made(a) < made(b) ? -1 : 1));
  const named = own.map((job) => ({ ...job, apiVersion: 'batch/v1', kind: 'Job' }));
  return {
    cronJob,
    jobs: await Promise.all(named.map(async (job) => ({ job, why: await explainJob(job) }))),
    events: await eventsOf(cronJob, session),
    now: session.world.clock.date(),
  };
}
