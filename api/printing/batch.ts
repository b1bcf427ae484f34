/** Columns of Jobs and CronJobs. */
import type { CronJob, Job } from '../types/batch.v1.ts';
import { ageColumn, type Column, nameColumn } from './columns.ts';
import { humanDuration, since } from './duration.ts';
import { selectorText } from './selector-text.ts';
import { countColumn, templateColumns } from './workloads.ts';

/** The first that is true says what the job is doing. A job being deleted is Terminating unless it has ended. */
const ENDS = ['Complete', 'Failed'];
const STATES = ['Suspended', 'FailureTarget', 'SuccessCriteriaMet'];

function statusOf({ metadata, status }: Job): string {
  const holds = (wanted: string): boolean =>
    status.conditions?.some(({ type, status: is }) => type === wanted && is === 'True') ?? false;
  const end = ENDS.find(holds);
  if (end !== undefined) return end;
  if (metadata.deletionTimestamp !== undefined) return 'Terminating';
  return STATES.find(holds) ?? 'Running';
}

function completionsOf({ spec, status }: Job): string {
  const { completions, parallelism = 0 } = spec;
  const succeeded = status.succeeded ?? 0;
  if (completions !== undefined) return `${succeeded}/${completions}`;
  return parallelism > 1 ? `${succeeded}/1 of ${parallelism}` : `${succeeded}/1`;
}

function durationOf({ status: { startTime, completionTime } }: Job, now: Date): string {
  if (startTime === undefined) return '';
  const end = completionTime === undefined ? now.getTime() : Date.parse(completionTime);
  return humanDuration(end - Date.parse(startTime));
}

export const jobColumns: readonly Column<Job>[] = [
  nameColumn,
  { name: 'Status', description: 'What the job is doing, or how it ended.', cell: statusOf },
  { name: 'Completions', description: 'Pods that have succeeded, of those that must.', cell: completionsOf },
  { name: 'Duration', description: 'How long it took, or has taken until now.', cell: durationOf },
  ageColumn,
  ...templateColumns(({ spec }: Job) => ({ template: spec.template, selector: selectorText(spec.selector) })),
];

export const cronJobColumns: readonly Column<CronJob>[] = [
  nameColumn,
  { name: 'Schedule', description: 'When it makes jobs.', cell: ({ spec }) => spec.schedule },
  {
    name: 'Timezone',
    description: 'The time zone of its schedule; that of the server when there is none.',
    cell: ({ spec }) => spec.timeZone ?? '<none>',
  },
  {
    name: 'Suspend',
    type: 'boolean',
    description: 'Whether it makes none at present.',
    cell: ({ spec }) => (spec.suspend === undefined ? '<unset>' : spec.suspend ? 'True' : 'False'),
  },
  countColumn('Active', 'Its jobs that run now.', ({ status }) => status.active?.length),
  {
    name: 'Last Schedule',
    description: 'Time since it made a job last.',
    cell: ({ status }, now) => (status.lastScheduleTime ? since(status.lastScheduleTime, now) : '<none>'),
  },
  ageColumn,
  ...templateColumns(({ spec: { jobTemplate } }: CronJob) => ({
    template: jobTemplate.spec.template,
    selector: selectorText(jobTemplate.spec.selector),
  })),
];
