/** As many pods as a job should have now: which to make and which to take away. */
import { indexRangesOf, missingIndexes, uniteIndexes } from '../../../api/machinery/index-ranges.ts';
import type { Job } from '../../../api/types/batch.v1.ts';
import type { Pod } from '../../../api/types/core.v1.ts';
import { chooseVictims } from '../replicaset/victims.ts';
import { delaysReplacement, finishedAt, untilRetry, type FailureRecord } from './backoff.ts';
import { hasValidIndex, indexesOf, isIndexed, replacesOnlyFailed, type Census, type IndexCensus } from './census.ts';
import { judgeFailure } from './failure-policy.ts';
import { completionIndexOf, failuresBefore, type IndexFailures, type Wanted } from './tracked-pods.ts';

/** The most pods made or deleted by one plan; the views' changes bring on the next. */
export const BURST = 500;

export interface Adjustment {
  readonly make: readonly Wanted[];
  readonly remove: readonly Pod[];
  /** Why nothing is made that might be expected. */
  readonly reason?: string;
  /** Milliseconds until that changes. */
  readonly after?: number;
}

export function adjust(census: Census, record: FailureRecord, date: Date): Adjustment {
  const { job, active } = census;
  const wanted = wantedPods(census);
  const surplus = Math.max(0, active.length - wanted);
  const remove = chooseSurplus(job, active, surplus, date).slice(0, BURST);
  // Pods that were taken away may be missing then; the next plan sees which.
  if (remove.length > 0) return { make: [], remove };
  const leaving = replacesOnlyFailed(job) ? census.terminating.length : 0;
  const missing = Math.min(wanted - leaving - active.length, BURST);
  if (missing <= 0) return { make: [], remove, ...whyNone(wanted - active.length, leaving) };
  return { remove, ...makeUp(census, missing, record, date) };
}

function whyNone(missing: number, leaving: number): { reason?: string } {
  return missing > 0 ? { reason: `${leaving} pods are still ending; they are replaced when they have` } : {};
}

function wantedPods({ job, active, succeeded }: Census): number {
  const { suspend, parallelism = 1, completions } = job.spec;
  if (suspend) return 0;
  // Without a number of completions the first success says that there is nothing more to begin.
  if (completions === undefined) return succeeded > 0 ? active.length : parallelism;
  return Math.max(0, Math.min(completions - succeeded, parallelism));
}

/** At least `count`: also those that have an index which another has too, or which there is not. */
function chooseSurplus(job: Job, active: readonly Pod[], count: number, date: Date): readonly Pod[] {
  const wrong = new Set(isIndexed(job) ? wronglyIndexed(job, active, date) : []);
  const rest = active.filter((pod) => !wrong.has(pod));
  return [...wrong, ...chooseVictims(rest, [], Math.max(0, count - wrong.size), date)];
}

function wronglyIndexed(job: Job, active: readonly Pod[], date: Date): readonly Pod[] {
  const byIndex = new Map<number, Pod[]>();
  for (const pod of active.filter((each) => hasValidIndex(job, each))) {
    const index = completionIndexOf(pod) ?? 0;
    const same = byIndex.get(index);
    if (same) same.push(pod);
    else byIndex.set(index, [pod]);
  }
  const doubles = [...byIndex.values()].flatMap((pods) => chooseVictims(pods, [], pods.length - 1, date));
  return [...active.filter((pod) => !hasValidIndex(job, pod)), ...doubles];
}

function makeUp(census: Census, missing: number, { failures }: FailureRecord, date: Date): Omit<Adjustment, 'remove'> {
  const { job, indexes } = census;
  const isLimitedByIndex = job.spec.backoffLimitPerIndex !== undefined;
  const wait = isLimitedByIndex ? 0 : untilRetry(failures.length, failures.at(-1)?.at ?? 0, date);
  if (wait > 0) return { make: [], after: wait, reason: `waiting after ${failures.length} failures in a row` };
  if (!indexes) return { make: Array.from({ length: missing }, () => ({})) };
  const pending = pendingIndexes(census, indexes, missing);
  if (!isLimitedByIndex) return { make: pending.map((index) => ({ index })) };
  const waits = pending.map((index) => untilRetryOf(indexes.toReplace.get(index), date));
  const waiting = waits.filter((each) => each > 0);
  return {
    make: pending
      .filter((_, position) => waits[position] === 0)
      .map((index) => ({ index, failures: failuresUntilNow(job, indexes.toReplace.get(index)) })),
    ...(waiting.length > 0
      ? { after: Math.min(...waiting), reason: `${waiting.length} indexes wait after a failure` }
      : {}),
  };
}

function pendingIndexes(census: Census, { succeeded, failed = [] }: IndexCensus, count: number): readonly number[] {
  const { job, active, terminating } = census;
  const taken = replacesOnlyFailed(job) ? [...active, ...terminating] : active;
  const done = uniteIndexes(succeeded, failed, indexRangesOf(indexesOf(taken)));
  return missingIndexes(done, count, job.spec.completions ?? 0);
}

function untilRetryOf(failed: Pod | undefined, date: Date): number {
  if (!failed || !delaysReplacement(failed)) return 0;
  const { counted, ignored } = failuresBefore(failed);
  return untilRetry(counted + ignored + 1, finishedAt(failed), date);
}

/** What the next pod of the index takes over. */
function failuresUntilNow(job: Job, failed: Pod | undefined): IndexFailures {
  if (!failed) return { counted: 0, ignored: 0 };
  const { counted, ignored } = failuresBefore(failed);
  const isIgnored = judgeFailure(job, failed).action === 'Ignore';
  return isIgnored ? { counted, ignored: ignored + 1 } : { counted: counted + 1, ignored };
}
