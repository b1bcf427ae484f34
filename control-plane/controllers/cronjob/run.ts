/** One run of a cron job: a job that is called after the minute it is for, so that no run is made twice. */
import type { ZoneClock } from '../../../api/machinery/cron-times.ts';
import { formatTime } from '../../../api/machinery/time.ts';
import { kinds } from '../../../api/kinds.ts';
import type { CronJob, Job } from '../../../api/types/batch.v1.ts';
import { ownerReferenceTo } from '../actions.ts';

const SCHEDULED_FOR = 'batch.kubernetes.io/cronjob-scheduled-timestamp';
const MINUTE = 60_000;

export function runName({ metadata }: CronJob, time: number): string {
  return `${metadata.name}-${Math.floor(time / MINUTE)}`;
}

/** When the run was due; undefined for a job that was made otherwise. */
export function runOf(cronJob: CronJob, { metadata }: Job): string | undefined {
  const time = Date.parse(metadata.annotations?.[SCHEDULED_FOR] ?? '');
  return !Number.isNaN(time) && metadata.name === runName(cronJob, time) ? formatTime(time) : undefined;
}

/** `time` is a whole second; `clock` is that of the zone which the cron job names, or UTC's. */
export function makeRun(
  cronJob: CronJob,
  time: number,
  clock: ZoneClock,
): Omit<Job, 'status'> & { metadata: { name: string } } {
  const { metadata, spec } = cronJob.spec.jobTemplate;
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: {
      ...(metadata.labels ? { labels: metadata.labels } : {}),
      annotations: { ...metadata.annotations, [SCHEDULED_FOR]: clock.print(time) },
      name: runName(cronJob, time),
      namespace: cronJob.metadata.namespace,
      ownerReferences: [ownerReferenceTo(kinds.cronjobs, cronJob)],
    },
    spec,
  };
}
