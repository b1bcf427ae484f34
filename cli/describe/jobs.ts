/** Jobs and what makes them on time. */
import { humanDuration } from '../../api/printing/duration.ts';
import { selectorText } from '../../api/printing/selector-text.ts';
import type { CronJob, Job, JobTemplateSpec } from '../../api/types/batch.v1.ts';
import type { Session } from '../session.ts';
import { annotationLines, eventLines, labelLines, timeText, type Lines } from './common.ts';
import { templateLines } from './template.ts';

/** Characters of indexes after which the list is cut at the next comma. */
const SHOWN_INDEXES = 50;

export async function describeJob(job: Job, session: Session): Promise<Lines> {
  const { metadata, spec, status } = job;
  const { startTime, completionTime } = status;
  const owner = metadata.ownerReferences?.find(({ controller }) => controller);
  return [
    `Name:\t${metadata.name}`,
    `Namespace:\t${metadata.namespace}`,
    `Selector:\t${selectorText(spec.selector)}`,
    ...labelLines(job),
    ...annotationLines(job),
    ...(owner ? [`Controlled By:\t${owner.kind}/${owner.name}`] : []),
    ...given('Parallelism', spec.parallelism),
    `Completions:\t${spec.completions ?? '<unset>'}`,
    ...given('Completion Mode', spec.completionMode),
    ...given('Suspend', spec.suspend),
    ...given('Backoff Limit', spec.backoffLimit),
    ...given('TTL Seconds After Finished', spec.ttlSecondsAfterFinished),
    ...(startTime ? [`Start Time:\t${timeText(startTime)}`] : []),
    ...(completionTime ? [`Completed At:\t${timeText(completionTime)}`] : []),
    ...(startTime && completionTime
      ? [`Duration:\t${humanDuration(Date.parse(completionTime) - Date.parse(startTime))}`]
      : []),
    ...(spec.activeDeadlineSeconds === undefined ? [] : [`Active Deadline Seconds:\t${spec.activeDeadlineSeconds}s`]),
    `Pods Statuses:\t${podsText(job)}`,
    ...(spec.completionMode === 'Indexed' ? [`Completed Indexes:\t${indexesText(status.completedIndexes)}`] : []),
    ...templateLines(spec.template),
    ...(await eventLines(job, session)),
  ];
}

function given(title: string, value: string | number | boolean | undefined): Lines {
  return value === undefined ? [] : [`${title}:\t${value}`];
}

function podsText({ status: { active = 0, ready, succeeded = 0, failed = 0 } }: Job): string {
  const running = ready === undefined ? '' : ` (${ready} Ready)`;
  return `${active} Active${running} / ${succeeded} Succeeded / ${failed} Failed`;
}

function indexesText(indexes = ''): string {
  if (indexes === '') return '<none>';
  const comma = indexes.indexOf(',', SHOWN_INDEXES);
  return comma < 0 ? indexes : `${indexes.slice(0, comma + 1)}...`;
}

export async function describeCronJob(cron: CronJob, session: Session): Promise<Lines> {
  const { metadata, spec, status } = cron;
  const suspend = spec.suspend === undefined ? '<unset>' : spec.suspend ? 'True' : 'False';
  const deadline = spec.startingDeadlineSeconds;
  return [
    `Name:\t${metadata.name}`,
    `Namespace:\t${metadata.namespace}`,
    ...labelLines(cron),
    ...annotationLines(cron),
    `Schedule:\t${spec.schedule}`,
    `Concurrency Policy:\t${spec.concurrencyPolicy ?? ''}`,
    `Suspend:\t${suspend}`,
    `Successful Job History Limit:\t${spec.successfulJobsHistoryLimit ?? '<unset>'}`,
    `Failed Job History Limit:\t${spec.failedJobsHistoryLimit ?? '<unset>'}`,
    `Starting Deadline Seconds:\t${deadline === undefined ? '<unset>' : `${deadline}s`}`,
    ...jobTemplateLines(spec.jobTemplate),
    `Last Schedule Time:\t${timeText(status.lastScheduleTime)}`,
    `Active Jobs:\t${(status.active ?? []).map(({ name }) => name).join(', ') || '<none>'}`,
    ...(await eventLines(cron, session)),
  ];
}

function jobTemplateLines({ spec }: JobTemplateSpec): Lines {
  if (!spec) return [];
  return [
    `Selector:\t${spec.selector ? selectorText(spec.selector) : '<unset>'}`,
    `Parallelism:\t${spec.parallelism ?? '<unset>'}`,
    `Completions:\t${spec.completions ?? '<unset>'}`,
    ...(spec.activeDeadlineSeconds === undefined ? [] : [`Active Deadline Seconds:\t${spec.activeDeadlineSeconds}s`]),
    ...templateLines(spec.template),
  ];
}
