/** Whether a job is to end now, before all that it was to do is done, and why. */
import { countIndexes, countShared, readIndexRanges } from '../../../api/machinery/index-ranges.ts';
import type { Job, JobCondition } from '../../../api/types/batch.v1.ts';
import type { Pod } from '../../../api/types/core.v1.ts';
import type { Census, IndexCensus } from './census.ts';
import { hasFailed } from './census.ts';
import { judgeFailure } from './failure-policy.ts';

/** Where it goes. It is the type of the condition that says so until all pods are counted and have ended. */
export interface Verdict {
  readonly target: 'SuccessCriteriaMet' | 'FailureTarget';
  readonly reason: string;
  readonly message: string;
}

export const COMPLETIONS_REACHED: Verdict = {
  target: 'SuccessCriteriaMet',
  reason: 'CompletionsReached',
  message: 'Reached expected number of succeeded pods',
};

export function conditionOf({ status }: Job, type: string): JobCondition | undefined {
  return status.conditions?.find((condition) => condition.type === type && condition.status === 'True');
}

export function isFinished(job: Job): boolean {
  return (conditionOf(job, 'Complete') ?? conditionOf(job, 'Failed')) !== undefined;
}

/** Milliseconds until the job has been active for too long; undefined when nothing limits that. */
export function untilDeadline(job: Job, date: Date): number | undefined {
  const { spec, status } = job;
  if (spec.activeDeadlineSeconds === undefined || spec.suspend) return undefined;
  // One that is being resumed starts now.
  const isStarted = status.startTime !== undefined && !conditionOf(job, 'Suspended');
  const start = isStarted ? Date.parse(status.startTime ?? '') : date.getTime();
  return Math.max(0, start + spec.activeDeadlineSeconds * 1000 - date.getTime());
}

/** What was decided stays so. Undefined while the job goes on. */
export function judge(census: Census, date: Date): Verdict | undefined {
  const { job, indexes } = census;
  return (
    decided(job) ??
    failedByPolicy(census) ??
    exceededLimit(census, date) ??
    (indexes && (failedByIndexes(job, indexes) ?? succeededByPolicy(job, indexes)))
  );
}

function decided(job: Job): Verdict | undefined {
  for (const target of ['SuccessCriteriaMet', 'FailureTarget'] as const) {
    const condition = conditionOf(job, target);
    if (condition) return { target, reason: condition.reason ?? '', message: condition.message ?? '' };
  }
  return undefined;
}

function failure(reason: string, message: string): Verdict {
  return { target: 'FailureTarget', reason, message };
}

function failedByPolicy({ job, pods }: Census): Verdict | undefined {
  if (!job.spec.podFailurePolicy) return undefined;
  for (const pod of pods) {
    const { action, why } = hasFailed(job, pod) ? judgeFailure(job, pod) : { action: 'Count', why: '' };
    if (action === 'FailJob') return failure('PodFailurePolicy', why);
  }
  return undefined;
}

function exceededLimit({ job, pods, failed }: Census, date: Date): Verdict | undefined {
  const { backoffLimit = 0, template } = job.spec;
  const restarts = template.spec.restartPolicy === 'OnFailure' ? restartsOf(pods) : 0;
  if (failed > backoffLimit || restarts >= Math.max(backoffLimit, 1)) {
    return failure('BackoffLimitExceeded', 'Job has reached the specified backoff limit');
  }
  if (untilDeadline(job, date) !== 0) return undefined;
  return failure('DeadlineExceeded', 'Job was active longer than specified deadline');
}

function restartsOf(pods: readonly Pod[]): number {
  const running = pods.filter(({ status }) => status.phase === 'Running' || status.phase === 'Pending');
  return running
    .flatMap(({ status }) => [...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])])
    .reduce((total, { restartCount }) => total + restartCount, 0);
}

function failedByIndexes({ spec }: Job, { succeeded, failed }: IndexCensus): Verdict | undefined {
  const count = countIndexes(failed ?? []);
  if (spec.maxFailedIndexes !== undefined && count > spec.maxFailedIndexes) {
    return failure('MaxFailedIndexesExceeded', 'Job has exceeded the specified maximal number of failed indexes');
  }
  if (count === 0 || count + countIndexes(succeeded) < (spec.completions ?? 0)) return undefined;
  return failure('FailedIndexes', 'Job has failed indexes');
}

function succeededByPolicy({ spec }: Job, { succeeded }: IndexCensus): Verdict | undefined {
  if (succeeded.length === 0) return undefined;
  const position = (spec.successPolicy?.rules ?? []).findIndex(({ succeededIndexes, succeededCount = Infinity }) => {
    if (succeededIndexes === undefined) return countIndexes(succeeded) >= succeededCount;
    const required = readIndexRanges(succeededIndexes, spec.completions ?? 0);
    const there = countShared(required, succeeded);
    return required.length > 0 && (there === countIndexes(required) || there >= succeededCount);
  });
  if (position < 0) return undefined;
  return { target: 'SuccessCriteriaMet', reason: 'SuccessPolicy', message: `Matched rules at index ${position}` };
}
