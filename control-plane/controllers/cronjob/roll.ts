/** Which jobs of a cron job run, and what is to be noted of those that have ended. */
import { isDeepStrictEqual } from 'node:util';

import { kinds } from '../../../api/kinds.ts';
import type { CronJob, CronJobStatus, Job } from '../../../api/types/batch.v1.ts';
import type { ObjectReference } from '../../../api/types/core.v1.ts';
import { referenceTo, type Announcement, type Target } from '../actions.ts';
import { conditionOf, isFinished } from '../job/verdict.ts';
import { runOf } from './run.ts';

export interface Roll {
  readonly status: CronJobStatus;
  /** Whether the status says something new. */
  readonly isNew: boolean;
  /** Jobs that the status must not lose unless the store confirms that they are gone. */
  readonly gone: readonly Target[];
  readonly announcements: readonly Announcement[];
  /** The runs that have not ended. */
  readonly running: readonly Job[];
}

/** `jobs` are those that it controls. */
export function callRoll(cronJob: CronJob, jobs: readonly Job[]): Roll {
  const { active: listed = [], lastScheduleTime, lastSuccessfulTime } = cronJob.status;
  const isListed = ({ metadata }: Job): boolean => listed.some(({ uid }) => uid === metadata.uid);
  const runs = jobs.filter((job) => runOf(cronJob, job) !== undefined);
  const unfinished = jobs.filter((job) => !isFinished(job));
  const unlisted = unfinished.filter((job) => !isListed(job) && job.metadata.deletionTimestamp === undefined);
  const ended = jobs.filter((job) => isFinished(job) && isListed(job));
  const gone = listed.filter(({ uid }) => !jobs.some(({ metadata }) => metadata.uid === uid));
  const active = [
    ...listed.filter(({ uid }) => unfinished.some(({ metadata }) => metadata.uid === uid)),
    ...unlisted.filter((job) => runs.includes(job)).map((job) => referenceTo(kinds.jobs, job)),
  ];
  const status = statusWith({
    active,
    lastScheduleTime: latest([lastScheduleTime, ...runs.map((job) => runOf(cronJob, job))]),
    lastSuccessfulTime: latest([
      lastSuccessfulTime,
      ...jobs.filter(hasSucceeded).map((job) => job.status.completionTime),
    ]),
  });
  return {
    status,
    isNew: !isDeepStrictEqual(status, cronJob.status),
    gone: gone.map(targetOfReference),
    announcements: [
      ...unlisted.filter((job) => !runs.includes(job)).map(sawUnexpected),
      ...ended.map(sawEnded),
      ...gone.map(sawMissing),
    ],
    running: unfinished.filter((job) => runs.includes(job)),
  };
}

/** Without what is empty. */
export function statusWith(status: {
  [Field in keyof CronJobStatus]: CronJobStatus[Field] | undefined;
}): CronJobStatus {
  const { active = [], lastScheduleTime, lastSuccessfulTime } = status;
  return {
    ...(active.length > 0 ? { active } : {}),
    ...(lastScheduleTime === undefined ? {} : { lastScheduleTime }),
    ...(lastSuccessfulTime === undefined ? {} : { lastSuccessfulTime }),
  };
}

export function hasSucceeded(job: Job): boolean {
  return conditionOf(job, 'Complete') !== undefined;
}

function latest(times: readonly (string | undefined)[]): string | undefined {
  const known = times.filter((time) => time !== undefined);
  return known.toSorted((a, b) => Date.parse(a) - Date.parse(b)).at(-1);
}

function targetOfReference({ namespace = '', name = '', uid = '' }: ObjectReference): Target {
  return { kind: kinds.jobs, namespace, name, uid };
}

function sawUnexpected({ metadata }: Job): Announcement {
  const message = `Saw a job that the controller did not create or forgot: ${metadata.name}`;
  return { type: 'Warning', reason: 'UnexpectedJob', message };
}

function sawEnded(job: Job): Announcement {
  const how = hasSucceeded(job) ? 'Complete' : 'Failed';
  const message = `Saw completed job: ${job.metadata.name}, condition: ${how}`;
  return { type: 'Normal', reason: 'SawCompletedJob', message };
}

function sawMissing({ name }: ObjectReference): Announcement {
  return { type: 'Normal', reason: 'MissingJob', message: `Active job went missing: ${name}` };
}
