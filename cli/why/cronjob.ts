/** When a cron job makes its next job, or why it makes none. Pure: what was seen goes in. */
import { parseSchedule, CronError } from '../../api/machinery/cron.ts';
import { nextTime, ZoneClock } from '../../api/machinery/cron-times.ts';
import { since } from '../../api/printing/duration.ts';
import type { CronJob, Job } from '../../api/types/batch.v1.ts';
import type { Event } from '../../api/types/core.v1.ts';
import { nothing, type Explanation } from './explanation.ts';

export interface CronJobSeen {
  readonly cronJob: CronJob;
  /** Those that it has made, the latest last, each with its explanation. */
  readonly jobs: readonly { readonly job: Job; readonly why: Explanation }[];
  /** About it, newest last. */
  readonly events: readonly Event[];
  readonly now: Date;
}

export function explainCronJob(seen: CronJobSeen): Explanation {
  const { cronJob, jobs, events } = seen;
  const { namespace = '' } = cronJob.metadata;
  const name = `cronjob/${cronJob.metadata.name}`;
  const { suspend, concurrencyPolicy, schedule } = cronJob.spec;
  if (suspend) {
    const resume = `dure patch ${name} -n ${namespace} --type=merge -p '{"spec":{"suspend":false}}'`;
    return { ...nothing, headline: `${name} is suspended.`, isFine: true, help: [`Let it go on: ${resume}`] };
  }
  const next = nextWords(seen);
  if ('wrong' in next) {
    const help = [`Change its schedule: dure edit ${name} -n ${namespace}`];
    return { ...nothing, headline: `${name} makes no jobs: ${next.wrong}.`, isFine: false, help };
  }
  const facts = [lastWords(seen), ...troubleIn(events)].filter((fact) => fact !== '');
  const running = jobs.filter(({ job }) => !isEnded(job));
  const bad = running.find(({ why }) => !why.isFine) ?? jobs.slice(-1).find(({ why }) => !why.isFine);
  if (bad) {
    const blocks = running.includes(bad) && concurrencyPolicy === 'Forbid';
    const held = blocks ? ' It makes no other job before that one has ended (concurrencyPolicy Forbid).' : '';
    const headline = `${name} has a job that is not fine: ${bad.why.headline}${held}`;
    return { ...bad.why, headline, facts: [...bad.why.facts, ...facts], isFine: false };
  }
  const now = running.length === 0 ? '' : ` ${running.length === 1 ? '1 job runs' : `${running.length} jobs run`} now.`;
  const headline = `${name} makes its next job ${next.words} (${schedule}).${now}`;
  return { ...nothing, headline, isFine: true, facts };
}

function isEnded({ status }: Job): boolean {
  return (status?.conditions ?? []).some(({ type, status: is }) => is === 'True' && /^(Complete|Failed)$/.test(type));
}

/** Such as `at 2026-01-01T00:00:00.000Z, in 3m`. */
function nextWords({ cronJob, now }: CronJobSeen): { readonly words: string } | { readonly wrong: string } {
  const { schedule, timeZone } = cronJob.spec;
  try {
    const time = nextTime(parseSchedule(schedule), now.getTime(), new ZoneClock(timeZone ?? 'UTC'));
    if (time === undefined) return { wrong: `its schedule "${schedule}" never comes` };
    const date = new Date(time);
    const zone = timeZone === undefined ? ", by the server's clock if that goes by UTC" : '';
    return { words: `at ${date.toISOString()}, in ${since(now.toISOString(), date)}${zone}` };
  } catch (error) {
    if (error instanceof CronError || error instanceof RangeError) return { wrong: error.message };
    throw error;
  }
}

function lastWords({ cronJob, now }: CronJobSeen): string {
  const { lastScheduleTime, lastSuccessfulTime } = cronJob.status ?? {};
  if (lastScheduleTime === undefined) return 'It has made no job yet.';
  const success =
    lastSuccessfulTime === undefined ? 'none has succeeded' : `one succeeded ${since(lastSuccessfulTime, now)} ago`;
  return `Its last job was made ${since(lastScheduleTime, now)} ago; ${success}.`;
}

function troubleIn(events: readonly Event[]): string[] {
  const last = events.findLast(({ type }) => type === 'Warning');
  return last ? [`Last warning: ${last.message} (${last.reason})`] : [];
}
