/** What concerns a cron job: itself and its jobs. The runner wakes it when the next run is due. */
import { kinds } from '../../../api/kinds.ts';
import { keyOf, objectKey } from '../../../api/object.ts';
import type { CronJob, Job } from '../../../api/types/batch.v1.ts';
import type { Registry } from '../../registry/port.ts';
import type { Action } from '../actions.ts';
import type { Controller, Failure, Moment, Plan } from '../controller.ts';
import { NOTHING } from '../controller.ts';
import { follow, ownerKey } from '../watching.ts';
import { planCronJob, reportFailure } from './plan.ts';

export interface CronJobOptions {
  readonly registry: Registry;
  /** That of schedules which name no time zone: a name of the IANA's. */
  readonly timeZone: string;
}

export class CronJobController implements Controller {
  readonly name = 'cronjob';
  private readonly options: CronJobOptions;

  constructor(options: CronJobOptions) {
    this.options = options;
  }

  watch(enqueue: (key: string) => void): () => void {
    const { registry } = this.options;
    return follow<CronJob, Job>([
      [registry.resource(kinds.cronjobs).view, (cronJob) => enqueue(keyOf(cronJob)), 'existing'],
      [
        registry.resource(kinds.jobs).view,
        (job) => {
          const owner = ownerKey(job, 'CronJob');
          if (owner) enqueue(owner);
        },
      ],
    ]);
  }

  plan(key: string, moment: Moment): Plan {
    const { registry, timeZone: defaultZone } = this.options;
    const cronJob = registry.resource(kinds.cronjobs).view.get(key);
    if (!cronJob) return NOTHING;
    const { uid = '', namespace } = cronJob.metadata;
    const { view } = registry.resource(kinds.jobs);
    const jobs = [...view.byIndex('controller', uid)];
    const jobNamed = (name: string): Job | undefined => view.get(objectKey(namespace, name));
    return planCronJob({ cronJob, jobs, jobNamed, defaultZone }, moment);
  }

  planFailure(key: string, failure: Failure): readonly Action[] {
    const cronJob = this.options.registry.resource(kinds.cronjobs).view.get(key);
    return cronJob ? reportFailure(cronJob, failure) : [];
  }
}
