/** What concerns a job: itself, the pods it controls, and free pods that it selects. */
import { kinds } from '../../../api/kinds.ts';
import { keyOf } from '../../../api/object.ts';
import type { Job } from '../../../api/types/batch.v1.ts';
import type { Pod } from '../../../api/types/core.v1.ts';
import type { Registry } from '../../registry/port.ts';
import type { Action } from '../actions.ts';
import type { Controller, Failure, Moment, Plan } from '../controller.ts';
import { NOTHING } from '../controller.ts';
import { labelIndexValue, selectorIndexValue } from '../indexes.ts';
import { controllerOf } from '../owners.ts';
import { follow, ownerKey } from '../watching.ts';
import { NO_FAILURES, remember, type FailureRecord } from './backoff.ts';
import { hasFailed } from './census.ts';
import { planJob, reportFailure, type JobSnapshot } from './plan.ts';
import { isFinished } from './verdict.ts';

interface Remembered {
  readonly uid: string | undefined;
  readonly failures: FailureRecord;
}

export class JobController implements Controller {
  readonly name = 'job';
  private readonly registry: Registry;
  /** Of jobs under way, by key. */
  private readonly records = new Map<string, Remembered>();

  constructor({ registry }: { registry: Registry }) {
    this.registry = registry;
  }

  watch(enqueue: (key: string) => void): () => void {
    const jobs = this.registry.resource(kinds.jobs).view;
    const pods = this.registry.resource(kinds.pods).view;
    return follow<Job, Pod>([
      [jobs, (job) => enqueue(keyOf(job)), 'existing'],
      [
        pods,
        (pod) => {
          const owner = ownerKey(pod, 'Job');
          if (owner) enqueue(owner);
          if (controllerOf(pod)) return;
          for (const job of this.jobsThatMaySelect(pod)) enqueue(keyOf(job));
        },
      ],
    ]);
  }

  plan(key: string, moment: Moment): Plan {
    const snapshot = this.snapshot(key);
    return snapshot ? planJob(snapshot, moment) : NOTHING;
  }

  planFailure(key: string, failure: Failure, moment: Moment): readonly Action[] {
    const snapshot = this.snapshot(key);
    return snapshot ? reportFailure(snapshot, failure, moment) : [];
  }

  private snapshot(key: string): JobSnapshot | undefined {
    const job = this.registry.resource(kinds.jobs).view.get(key);
    if (!job || isFinished(job)) {
      this.records.delete(key);
      return undefined;
    }
    const { uid = '', namespace = '' } = job.metadata;
    const view = this.registry.resource(kinds.pods).view;
    const own = [...view.byIndex('controller', uid)];
    const selected = selectorIndexValue(namespace, job.spec.selector);
    const free = selected === namespace ? view.byIndex('loose', namespace) : view.byIndex('label', selected);
    return {
      job,
      pods: [...own, ...[...free].filter((pod) => !controllerOf(pod))],
      failures: this.remember(key, job, own),
    };
  }

  private remember(key: string, job: Job, own: readonly Pod[]): FailureRecord {
    const { uid } = job.metadata;
    const known = this.records.get(key);
    const succeeded = own.filter(({ status }) => status.phase === 'Succeeded');
    const failed = own.filter((pod) => hasFailed(job, pod));
    const failures = remember(known && known.uid === uid ? known.failures : NO_FAILURES, succeeded, failed);
    this.records.set(key, { uid, failures });
    return failures;
  }

  private *jobsThatMaySelect({ metadata }: Pod): Iterable<Job> {
    const { namespace = '', labels = {} } = metadata;
    const { view } = this.registry.resource(kinds.jobs);
    yield* view.byIndex('selector', namespace);
    for (const [label, value] of Object.entries(labels)) {
      yield* view.byIndex('selector', labelIndexValue(namespace, label, value));
    }
  }
}
