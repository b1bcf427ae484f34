/** Defaults of Job and CronJob. */
import type { CronJob, Job, JobSpec } from '../types/batch.v1.ts';
import { defaultPodTemplate } from './pod.ts';

const NO_LIMIT = 2 ** 31 - 1;

export function defaultJob(job: Job): void {
  job.spec ??= {} as JobSpec;
  job.status ??= {};
  const { spec, metadata } = job;
  defaultTemplate(spec);
  if (spec.parallelism === undefined) spec.completions ??= 1;
  spec.parallelism ??= 1;
  spec.backoffLimit ??= spec.backoffLimitPerIndex === undefined ? 6 : NO_LIMIT;
  const labels = spec.template.metadata?.labels;
  if (labels && Object.keys(metadata.labels ?? {}).length === 0) metadata.labels = { ...labels };
  spec.completionMode ??= 'NonIndexed';
  spec.suspend ??= false;
  spec.podReplacementPolicy ??= spec.podFailurePolicy ? 'Failed' : 'TerminatingOrFailed';
  spec.manualSelector ??= false;
}

export function defaultCronJob(cronJob: CronJob): void {
  cronJob.spec ??= {} as CronJob['spec'];
  cronJob.status ??= {};
  const { spec } = cronJob;
  spec.concurrencyPolicy ||= 'Allow';
  spec.suspend ??= false;
  spec.successfulJobsHistoryLimit ??= 3;
  spec.failedJobsHistoryLimit ??= 1;
  spec.jobTemplate ??= {} as CronJob['spec']['jobTemplate'];
  spec.jobTemplate.metadata ??= {};
  spec.jobTemplate.spec ??= {} as JobSpec;
  defaultTemplate(spec.jobTemplate.spec);
}

/** What the template of a CronJob shares with a Job. */
function defaultTemplate(spec: JobSpec): void {
  spec.template ??= { metadata: {}, spec: { containers: [] } };
  defaultPodTemplate(spec.template);
  for (const { onExitCodes, onPodConditions } of spec.podFailurePolicy?.rules ?? []) {
    if (onExitCodes) onExitCodes.values ??= [];
    for (const pattern of onPodConditions ?? []) pattern.status ||= 'True';
  }
}
