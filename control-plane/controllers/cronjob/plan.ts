/** Plans for a cron job: the run that is due, no more runs at once than its policy allows, and what to keep of the past. */
import { kinds } from '../../../api/kinds.ts';
import { ZoneClock } from '../../../api/machinery/cron-times.ts';
import { CronError, parseSchedule } from '../../../api/machinery/cron.ts';
import type { CronJob, Job } from '../../../api/types/batch.v1.ts';
import type { Action, Announcement, EventSeed } from '../actions.ts';
import { referenceTo, targetOf } from '../actions.ts';
import type { Failure, Moment, Plan } from '../controller.ts';
import { isFinished } from '../job/verdict.ts';
import { dueRun, ScheduleError, untilNextRun, type Timetable } from './due.ts';
import { callRoll, hasSucceeded, statusWith, type Roll } from './roll.ts';
import { makeRun, runName } from './run.ts';

export interface CronJobSnapshot {
  readonly cronJob: CronJob;
  /** Those that it controls. */
  readonly jobs: readonly Job[];
  /** The job of that name in its namespace, whoever made it. */
  readonly jobNamed: (name: string) => Job | undefined;
  /** That of schedules which name no time zone. */
  readonly defaultZone: string;
}

/** What comes of the schedule now. */
interface Step {
  readonly announcements: readonly Announcement[];
  readonly reasons: readonly string[];
  /** The run to make: when it was due, in milliseconds since 1970. */
  readonly run?: number;
  /** Jobs that give way to it. */
  readonly replaced: readonly Job[];
  readonly after?: number;
}

export function planCronJob(snapshot: CronJobSnapshot, moment: Moment): Plan {
  const { cronJob, jobs } = snapshot;
  const roll = callRoll(cronJob, jobs);
  const step = nextStep(snapshot, roll, moment.date.getTime());
  const announcements = [...roll.announcements, ...step.announcements];
  return {
    actions: [
      ...statusActions(cronJob, roll, step),
      ...announcements.map((announcement) => record(cronJob, announcement)),
      ...expired(snapshot).map((job) => remove(cronJob, job, 'there are enough jobs that have ended')),
      ...step.replaced.map((job) => remove(cronJob, job, 'the next run replaces it')),
      ...(step.run === undefined ? [] : [create(cronJob, step.run)]),
    ],
    reasons: step.reasons,
    ...(step.after === undefined ? {} : { after: step.after }),
  };
}

function idle(reason: string, ...announcements: Announcement[]): Step {
  return { announcements, reasons: [reason], replaced: [] };
}

function nextStep(snapshot: CronJobSnapshot, roll: Roll, now: number): Step {
  const { cronJob, defaultZone } = snapshot;
  const { schedule, suspend, timeZone } = cronJob.spec;
  if (cronJob.metadata.deletionTimestamp !== undefined) return idle('it is being deleted');
  const clock = clockOf(timeZone ?? defaultZone);
  if (!clock) {
    const message = `invalid timeZone: ${JSON.stringify(timeZone)}: unknown time zone ${timeZone}`;
    return idle(message, { type: 'Warning', reason: 'UnknownTimeZone', message });
  }
  if (suspend) return idle('it is suspended');
  try {
    // What the status is about to say counts already.
    return stepOf(
      { ...snapshot, cronJob: { ...cronJob, status: roll.status } },
      roll,
      { schedule: parseSchedule(schedule), clock },
      now,
    );
  } catch (error) {
    return idle('its schedule is never due', unusable(schedule, error));
  }
}

function clockOf(zone: string): ZoneClock | undefined {
  try {
    return new ZoneClock(zone);
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

function unusable(schedule: string, error: unknown): Announcement {
  if (error instanceof CronError) {
    const message = `unparseable schedule: ${JSON.stringify(schedule)} : ${error.message}`;
    return { type: 'Warning', reason: 'UnparseableSchedule', message };
  }
  if (!(error instanceof ScheduleError)) throw error;
  return { type: 'Warning', reason: 'InvalidSchedule', message: `invalid schedule: ${schedule} : ${error.message}` };
}

function stepOf(snapshot: CronJobSnapshot, roll: Roll, timetable: Timetable, now: number): Step {
  const { cronJob, jobNamed } = snapshot;
  const { concurrencyPolicy, startingDeadlineSeconds: deadline = Infinity } = cronJob.spec;
  const { time, missed } = dueRun(cronJob, timetable, now);
  const after = untilNextRun(cronJob, timetable, now);
  const wait = (reason: string, ...announcements: Announcement[]): Step => ({
    announcements: [...(missed === 'many' ? [TOO_MANY] : []), ...announcements],
    reasons: [reason],
    replaced: [],
    ...(after === undefined ? {} : { after }),
  });
  if (time === undefined) return wait('no run is due');
  if (time + deadline * 1000 < now) return wait('it is too late for the run that was due', missedRun(time));
  if (jobNamed(runName(cronJob, time))) return wait('there is a job for this run');
  const isBusy = roll.running.length > 0 || roll.status.active !== undefined;
  if (concurrencyPolicy === 'Forbid' && isBusy) return wait(STILL_RUNNING.message, STILL_RUNNING);
  const replaced = concurrencyPolicy === 'Replace' ? roll.running : [];
  return { ...wait('a run is due'), reasons: [], run: time, replaced };
}

const TOO_MANY: Announcement = {
  type: 'Warning',
  reason: 'TooManyMissedTimes',
  message: 'too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew',
};

const STILL_RUNNING: Announcement = {
  type: 'Normal',
  reason: 'JobAlreadyActive',
  message: 'Not starting job because prior execution is running and concurrency policy is Forbid',
};

function missedRun(time: number): Announcement {
  const when = new Date(time).toUTCString().replace('GMT', '+0000');
  return { type: 'Warning', reason: 'MissSchedule', message: `Missed scheduled time to start a job: ${when}` };
}

/** Those that are replaced are not active any more, whenever they are gone. */
function statusActions(cronJob: CronJob, { status, isNew, gone }: Roll, { replaced }: Step): readonly Action[] {
  if (!isNew && replaced.length === 0) return [];
  const isReplaced = (uid?: string): boolean => replaced.some(({ metadata }) => metadata.uid === uid);
  const active = status.active?.filter(({ uid }) => !isReplaced(uid));
  const { resourceVersion = '' } = cronJob.metadata;
  return [
    {
      do: 'set-status',
      target: targetOf(kinds.cronjobs, cronJob),
      status: statusWith({ ...status, active }),
      resourceVersion,
      gone,
      why: 'its status has changed',
    },
  ];
}

/** The oldest of those that have ended, beyond what is kept. */
function expired({ cronJob, jobs }: CronJobSnapshot): readonly Job[] {
  const { successfulJobsHistoryLimit, failedJobsHistoryLimit } = cronJob.spec;
  const ended = jobs.filter((job) => isFinished(job) && job.metadata.deletionTimestamp === undefined).toSorted(byStart);
  const beyond = (list: readonly Job[], limit = Infinity): readonly Job[] =>
    list.slice(0, Math.max(0, list.length - limit));
  return [
    ...beyond(ended.filter(hasSucceeded), successfulJobsHistoryLimit),
    ...beyond(
      ended.filter((job) => !hasSucceeded(job)),
      failedJobsHistoryLimit,
    ),
  ];
}

/** What never started comes last. */
function byStart(a: Job, b: Job): number {
  const start = ({ status, metadata }: Job): string => `${status.startTime ?? '~'} ${metadata.name}`;
  return start(a) < start(b) ? -1 : 1;
}

function about(cronJob: CronJob, { type, reason, message }: Announcement): EventSeed {
  return { about: referenceTo(kinds.cronjobs, cronJob), type, reason, message };
}

function record(cronJob: CronJob, announcement: Announcement): Action {
  return { do: 'record', event: about(cronJob, announcement), why: announcement.message };
}

function remove(cronJob: CronJob, job: Job, why: string): Action {
  const message = `Deleted job ${job.metadata.name}`;
  const event = about(cronJob, { type: 'Normal', reason: 'SuccessfulDelete', message });
  return { do: 'delete', target: targetOf(kinds.jobs, job), propagationPolicy: 'Background', event, why };
}

function create(cronJob: CronJob, time: number): Action {
  const object = makeRun(cronJob, time, new ZoneClock(cronJob.spec.timeZone ?? 'UTC'));
  const message = `Created job ${object.metadata.name}`;
  const event = about(cronJob, { type: 'Normal', reason: 'SuccessfulCreate', message });
  return { do: 'create', kind: kinds.jobs, object, event, why: 'a run is due' };
}

export function reportFailure(cronJob: CronJob, { action, error }: Failure): readonly Action[] {
  const warn = (reason: string, message: string): Action[] => [record(cronJob, { type: 'Warning', reason, message })];
  if (action.do === 'delete') return warn('FailedDelete', `Deleted job: ${error.message}`);
  // By another server, just now.
  if (action.do !== 'create' || error.reason === 'AlreadyExists') return [];
  return warn('FailedCreate', `Error creating job: ${error.message}`);
}
