/**
 * Counts every pod exactly once, whenever a server dies. An ended pod keeps its finalizer until the status holds it as
 * uncounted; it is counted, in the same write that strikes it off that list, once its finalizer is seen to be gone:
 *
 *   tracked -> tracked and listed as uncounted -> listed, no finalizer -> counted
 *
 * A success of an indexed job needs no list: its index is counted once however often it is added.
 */
import { countIndexes, formatIndexRanges } from '../../../api/machinery/index-ranges.ts';
import type { JobStatus, UncountedTerminatedPods } from '../../../api/types/batch.v1.ts';
import type { Pod } from '../../../api/types/core.v1.ts';
import { isActive } from '../conditions.ts';
import { hasFailed, hasValidIndex, isIndexed, type Census } from './census.ts';
import { judgeFailure } from './failure-policy.ts';
import { completionIndexOf, isTracked } from './tracked-pods.ts';
import type { Verdict } from './verdict.ts';

/** Keeps the list below some 20 KB, and one job from keeping the others waiting. */
const MAX_UNCOUNTED = 500;

type Counts = Pick<
  JobStatus,
  'succeeded' | 'failed' | 'completedIndexes' | 'failedIndexes' | 'uncountedTerminatedPods'
>;

export interface Tracking {
  /** Fields of the status; those that are absent become so. */
  readonly counts: Counts;
  /** Whose finalizers go once the status is written. */
  readonly release: readonly Pod[];
  /** Every pod that there is to count is counted. */
  readonly isSettled: boolean;
}

/** `going`: active pods that are being taken away. */
export function track(census: Census, verdict: Verdict | undefined, going: ReadonlySet<Pod>): Tracking {
  const { pods, indexes } = census;
  const { counted, listed } = strikeOff(census);
  const known = new Set([...listed.succeeded, ...listed.failed]);
  const release: Pod[] = [];
  for (const pod of pods.filter((each) => isTracked(each) && mayRelease(census, verdict, going, each))) {
    if (release.length >= MAX_UNCOUNTED) break;
    const { uid = '' } = pod.metadata;
    const list = known.has(uid) ? undefined : listFor(census, verdict, pod);
    // When the list is full, those on it go first.
    if (list && known.size >= MAX_UNCOUNTED) continue;
    if (list) {
      listed[list].push(uid);
      known.add(uid);
    }
    release.push(pod);
  }
  const succeeded = indexes ? countIndexes(indexes.succeeded) : counted.succeeded;
  return {
    counts: {
      succeeded,
      failed: counted.failed,
      ...(indexes ? { completedIndexes: formatIndexRanges(indexes.succeeded) } : {}),
      ...(indexes?.failed ? { failedIndexes: formatIndexRanges(indexes.failed) } : {}),
      uncountedTerminatedPods: withoutEmpty(listed),
    },
    release,
    isSettled: listed.succeeded.length + listed.failed.length + release.length === 0,
  };
}

interface Struck {
  readonly counted: { readonly succeeded: number; readonly failed: number };
  readonly listed: { succeeded: string[]; failed: string[] };
}

/** Counts what is listed and has lost its finalizer, or is gone. */
function strikeOff({ job, pods }: Census): Struck {
  const { succeeded = 0, failed = 0, uncountedTerminatedPods: uncounted = {} } = job.status;
  const tracked = new Set(pods.filter(isTracked).map(({ metadata }) => metadata.uid ?? ''));
  const stillTracked = (list: readonly string[] = []): string[] => list.filter((uid) => tracked.has(uid));
  const listed = { succeeded: stillTracked(uncounted.succeeded), failed: stillTracked(uncounted.failed) };
  return {
    counted: {
      succeeded: succeeded + (uncounted.succeeded?.length ?? 0) - listed.succeeded.length,
      failed: failed + (uncounted.failed?.length ?? 0) - listed.failed.length,
    },
    listed,
  };
}

function mayRelease(
  { job, indexes }: Census,
  verdict: Verdict | undefined,
  going: ReadonlySet<Pod>,
  pod: Pod,
): boolean {
  if (job.metadata.deletionTimestamp !== undefined || pod.status.phase === 'Succeeded') return true;
  // One that goes on would be tracked again, and counted twice.
  if (verdict) return going.has(pod) || !isActive(pod);
  if (!hasFailed(job, pod)) return false;
  // The pod that follows it takes over how often its index has failed.
  return indexes?.toReplace.get(completionIndexOf(pod) ?? -1) !== pod;
}

/** Undefined for a pod that counts for nothing, or by its index. */
function listFor({ job }: Census, verdict: Verdict | undefined, pod: Pod): 'succeeded' | 'failed' | undefined {
  if (pod.status.phase === 'Succeeded') return isIndexed(job) ? undefined : 'succeeded';
  // A job that fails takes those down that still run.
  if (!hasFailed(job, pod) && verdict?.target !== 'FailureTarget') return undefined;
  if (isIndexed(job) && !hasValidIndex(job, pod)) return undefined;
  return judgeFailure(job, pod).action === 'Ignore' ? undefined : 'failed';
}

function withoutEmpty({ succeeded, failed }: Struck['listed']): UncountedTerminatedPods {
  return { ...(succeeded.length > 0 ? { succeeded } : {}), ...(failed.length > 0 ? { failed } : {}) };
}
