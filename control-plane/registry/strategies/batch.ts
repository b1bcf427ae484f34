/** Jobs, and what makes them by the clock. */
import { defaultCronJob, defaultJob } from '../../../api/defaults/batch.ts';
import { checkDnsSubdomain } from '../../../api/machinery/names.ts';
import type { CronJob, Job } from '../../../api/types/batch.v1.ts';
import { validateCronJob, validateCronJobUpdate } from '../../../api/validation/batch/cronjob.ts';
import { JOB_LABELS, validateJob, validateJobUpdate } from '../../../api/validation/batch/job.ts';
import { validateJobStatus } from '../../../api/validation/batch/job-status.ts';
import { warnOfCronJob, warnOfJob } from '../../../api/validation/warnings.ts';
import type { Strategy } from '../strategy.ts';

export const jobStrategy: Strategy<Job> = {
  checkName: checkDnsSubdomain,
  applyDefaults: defaultJob,
  generation: true,
  defaultPropagation: 'Orphan',
  prepareForCreate(job) {
    if (!job.spec.manualSelector) selectOwnPods(job);
    job.status = {};
  },
  validate: validateJob,
  validateUpdate: validateJobUpdate,
  validatesUpdateAlone: true,
  validateStatusUpdate: validateJobStatus,
  warnings: warnOfJob,
};

/** By the job's uid, so that no other job finds its pods. Labels that somebody gave are left: validation judges them. */
function selectOwnPods({ metadata: { name = '', uid = '' }, spec }: Job): void {
  const { template } = spec;
  const labels = {
    [JOB_LABELS.legacyJobName]: name,
    [JOB_LABELS.jobName]: name,
    [JOB_LABELS.legacyControllerUid]: uid,
    [JOB_LABELS.controllerUid]: uid,
  };
  template.metadata = { ...template.metadata, labels: { ...labels, ...template.metadata?.labels } };
  spec.selector ??= {};
  spec.selector.matchLabels = { [JOB_LABELS.controllerUid]: uid, ...spec.selector.matchLabels };
}

export const cronJobStrategy: Strategy<CronJob> = {
  checkName: checkDnsSubdomain,
  applyDefaults: defaultCronJob,
  generation: true,
  defaultPropagation: 'Orphan',
  prepareForCreate(cronJob) {
    cronJob.status = {};
  },
  validate: validateCronJob,
  validateUpdate: validateCronJobUpdate,
  validatesUpdateAlone: true,
  warnings: warnOfCronJob,
};
