/** What has become of a job's pods: those in its status, those that have ended since, and those that run. */
import {
  countIndexes,
  hasIndex,
  indexRangesOf,
  readIndexRanges,
  uniteIndexes,
} from '../../../api/machinery/index-ranges.ts';
import type { IndexRange } from '../../../api/machinery/index-ranges.ts';
import type { Job } from '../../../api/types/batch.v1.ts';
import type { Pod } from '../../../api/types/core.v1.ts';
import { isActive, isTerminal } from '../conditions.ts';
import { finishedAt } from './backoff.ts';
import { judgeFailure } from './failure-policy.ts';
import { completionIndexOf, failuresBefore, isTracked } from './tracked-pods.ts';

export interface Census {
  readonly job: Job;
  /** All that belong to it. */
  readonly pods: readonly Pod[];
  readonly active: readonly Pod[];
  /** Being deleted, and not ended yet. */
  readonly terminating: readonly Pod[];
  /** Successes, those that the status does not hold yet included. Of an indexed job as many as indexes. */
  readonly succeeded: number;
  readonly failed: number;
  /** Of an indexed job. */
  readonly indexes?: IndexCensus;
}

export interface IndexCensus {
  readonly succeeded: readonly IndexRange[];
  /** When failures count by index. */
  readonly failed?: readonly IndexRange[];
  /** By index the failed pod that its next pod takes over the failures from; until then it stays uncounted. */
  readonly toReplace: ReadonlyMap<number, Pod>;
}

export function isIndexed({ spec }: Job): boolean {
  return spec.completionMode === 'Indexed';
}

/** Pods that are on their way out are not replaced before they have ended. */
export function replacesOnlyFailed({ spec }: Job): boolean {
  return spec.podReplacementPolicy === 'Failed' || spec.podFailurePolicy !== undefined;
}

/** One that is being deleted may never say how it ended. */
export function hasFailed(job: Job, pod: Pod): boolean {
  if (pod.status.phase === 'Failed') return true;
  return !replacesOnlyFailed(job) && pod.metadata.deletionTimestamp !== undefined && pod.status.phase !== 'Succeeded';
}

/** Of an indexed job: the pod has an index, and there still is such an index. */
export function hasValidIndex(job: Job, pod: Pod): boolean {
  const index = completionIndexOf(pod);
  return index !== undefined && index < (job.spec.completions ?? 0);
}

/** `pods` are those that belong to the job. */
export function takeCensus(job: Job, pods: readonly Pod[]): Census {
  const { succeeded: listedSucceeded = [], failed: listedFailed = [] } = job.status.uncountedTerminatedPods ?? {};
  const listed = new Set([...listedSucceeded, ...listedFailed]);
  const isFresh = (pod: Pod): boolean => isTracked(pod) && !listed.has(pod.metadata.uid ?? '');
  const fresh = pods.filter((pod) => isFresh(pod) && (!isIndexed(job) || hasValidIndex(job, pod)));
  const succeeded = fresh.filter(({ status }) => status.phase === 'Succeeded');
  const failed = fresh.filter((pod) => hasFailed(job, pod) && judgeFailure(job, pod).action !== 'Ignore');
  const active = pods.filter(isActive);
  const indexes = isIndexed(job) ? indexCensus(job, fresh, active) : undefined;
  return {
    job,
    pods,
    active,
    terminating: pods.filter((pod) => !isTerminal(pod) && pod.metadata.deletionTimestamp !== undefined),
    succeeded: indexes
      ? countIndexes(indexes.succeeded)
      : (job.status.succeeded ?? 0) + succeeded.length + listedSucceeded.length,
    failed: (job.status.failed ?? 0) + failed.length + listedFailed.length,
    ...(indexes ? { indexes } : {}),
  };
}

/** `fresh` are those not counted yet, of indexes that there are. */
function indexCensus(job: Job, fresh: readonly Pod[], active: readonly Pod[]): IndexCensus {
  const { completions = 0, backoffLimitPerIndex } = job.spec;
  const { completedIndexes = '', failedIndexes = '' } = job.status;
  const withNew = (text: string, isNew: (pod: Pod) => boolean): readonly IndexRange[] =>
    uniteIndexes(readIndexRanges(text, completions), indexRangesOf(indexesOf(fresh.filter(isNew))));
  const succeeded = withNew(completedIndexes, ({ status }) => status.phase === 'Succeeded');
  if (backoffLimitPerIndex === undefined) return { succeeded, toReplace: new Map() };
  const failed = withNew(failedIndexes, (pod) => failsIndex(job, pod, backoffLimitPerIndex)).flatMap((range) =>
    without(range, succeeded),
  );
  const done = uniteIndexes(succeeded, failed, indexRangesOf(indexesOf(active)));
  const waiting = fresh.filter((pod) => hasFailed(job, pod) && !hasIndex(done, completionIndexOf(pod) ?? 0));
  return { succeeded, failed, toReplace: latestByIndex(waiting) };
}

/** An index that has succeeded has not failed, whatever else happened. */
function without({ first, last }: IndexRange, ranges: readonly IndexRange[]): readonly IndexRange[] {
  const kept: IndexRange[] = [];
  let start = first;
  for (const range of ranges) {
    if (range.last < start || range.first > last) continue;
    if (range.first > start) kept.push({ first: start, last: range.first - 1 });
    start = range.last + 1;
  }
  return start <= last ? [...kept, { first: start, last }] : kept;
}

export function indexesOf(pods: readonly Pod[]): readonly number[] {
  return pods.map(completionIndexOf).filter((index) => index !== undefined);
}

function failsIndex(job: Job, pod: Pod, limit: number): boolean {
  if (!hasFailed(job, pod)) return false;
  const { action } = judgeFailure(job, pod);
  if (action === 'FailIndex') return true;
  return action !== 'Ignore' && failuresBefore(pod).counted >= limit;
}

function latestByIndex(pods: readonly Pod[]): ReadonlyMap<number, Pod> {
  const latest = new Map<number, Pod>();
  const total = (pod: Pod): number => failuresBefore(pod).counted + failuresBefore(pod).ignored;
  for (const pod of pods) {
    const index = completionIndexOf(pod) ?? 0;
    const known = latest.get(index);
    if (!known || (total(known) <= total(pod) && finishedAt(known) <= finishedAt(pod))) latest.set(index, pod);
  }
  return latest;
}
