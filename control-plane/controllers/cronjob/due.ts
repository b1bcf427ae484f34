/** Which run of a cron job is due, and when the next one is. */
import { nextTime, type ZoneClock } from '../../../api/machinery/cron-times.ts';
import type { Schedule } from '../../../api/machinery/cron.ts';
import type { CronJob } from '../../../api/types/batch.v1.ts';

/** Later than due, so that clocks that differ a little agree that it is. */
const MARGIN_MILLISECONDS = 100;
/** So many runs that were missed are more than a control plane that was away accounts for. */
const MANY = 100;
const MINUTE = 60_000;

export interface Timetable {
  readonly schedule: Schedule;
  readonly clock: ZoneClock;
}

/** Times are milliseconds since 1970. */
export interface Due {
  /** The latest run that has not been made; undefined when none is missing. */
  readonly time?: number;
  readonly missed: 'none' | 'few' | 'many';
}

/** A schedule that is well formed and never comes due. */
export class ScheduleError extends Error {
  override readonly name = 'ScheduleError';
}

/** Throws a {@link ScheduleError}. Runs are missed since the last one or since the cron job was made, within its deadline. */
export function dueRun(cronJob: CronJob, timetable: Timetable, now: number): Due {
  const { startingDeadlineSeconds: deadline = Infinity } = cronJob.spec;
  return latestRun(Math.max(sinceOf(cronJob), now - deadline * 1000), timetable, now);
}

/** Milliseconds until the next run. */
export function untilNextRun(cronJob: CronJob, timetable: Timetable, now: number): number | undefined {
  const since = sinceOf(cronJob);
  const { time, missed } = latestRun(since, timetable, now);
  const from = time ?? (missed === 'none' ? since : now);
  const next = nextTime(timetable.schedule, from, timetable.clock);
  return next === undefined ? undefined : Math.max(0, next + MARGIN_MILLISECONDS - now);
}

function sinceOf({ metadata, status }: CronJob): number {
  return Date.parse(status.lastScheduleTime ?? metadata.creationTimestamp ?? '');
}

function latestRun(since: number, { schedule, clock }: Timetable, now: number): Due {
  const next = (after: number): number | undefined => nextTime(schedule, after, clock);
  const first = next(since);
  if (first === undefined) throw new ScheduleError('time difference between two schedules is less than 1 second');
  if (now < first) return { missed: 'none' };
  const second = next(first);
  if (second === undefined || now < second) return { time: first, missed: 'none' };
  const interval = second - first;
  const missed = Math.floor((now - first) / interval) + 1;
  const time = schedule.kind === 'interval' ? first + (missed - 1) * interval : lastUntil(now, first, next);
  return { ...(time === undefined ? {} : { time }), missed: missed > MANY ? 'many' : 'few' };
}

/** The last run until `now`, of which there is one after `from`. Asks a few dozen times, however many runs there were. */
function lastUntil(now: number, from: number, next: (after: number) => number | undefined): number | undefined {
  let [low, high] = [from, now];
  while (high - low > MINUTE) {
    const middle = (low + high) / 2;
    if ((next(middle) ?? Infinity) <= now) low = middle;
    else high = middle;
  }
  return next(low);
}
