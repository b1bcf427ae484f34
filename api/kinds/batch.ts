/** batch */
import type { CronJob, Job } from '../types/batch.v1.ts';
import { kind } from './kind.ts';

export const batchKinds = {
  jobs: kind<Job>({
    group: 'batch',
    kind: 'Job',
    plural: 'jobs',
    categories: ['all'],
    status: true,
    schema: 'io.k8s.api.batch.v1.Job',
  }),
  cronjobs: kind<CronJob>({
    group: 'batch',
    kind: 'CronJob',
    plural: 'cronjobs',
    shortNames: ['cj'],
    categories: ['all'],
    status: true,
    schema: 'io.k8s.api.batch.v1.CronJob',
  }),
};
