/** How long a job waits before it makes a pod for one that has failed. */
import type { Pod } from '../../../api/types/core.v1.ts';
import { readyCondition } from '../conditions.ts';

const FIRST_MILLISECONDS = 10_000;
const LONGEST_MILLISECONDS = 600_000;
/** With so many failures in a row the wait does not grow any more. */
const REMEMBERED = 8;

/** Pods that have failed since one succeeded, the latest last. */
export interface FailureRecord {
  readonly failures: readonly Failed[];
}

interface Failed {
  readonly uid: string;
  /** Milliseconds since 1970. */
  readonly at: number;
}

export const NO_FAILURES: FailureRecord = { failures: [] };

/**
 * What is known after having seen these pods, also those that were seen before. What a job's pods still tell is found
 * again by a server that begins anew.
 */
export function remember(record: FailureRecord, succeeded: readonly Pod[], failed: readonly Pod[]): FailureRecord {
  // A job may keep more pods than a call takes arguments.
  const lastSuccess = succeeded.reduce((last, pod) => Math.max(last, finishedAt(pod)), Number.NEGATIVE_INFINITY);
  const seen = failed.filter(delaysReplacement).map((pod) => [pod.metadata.uid ?? '', finishedAt(pod)] as const);
  const all = new Map([...record.failures.map(({ uid, at }) => [uid, at] as const), ...seen]);
  const since = [...all].map(([uid, at]) => ({ uid, at })).filter(({ at }) => at > lastSuccess);
  return { failures: since.toSorted((a, b) => a.at - b.at).slice(-REMEMBERED) };
}

/**
 * A pod that was taken away, with its node or by an eviction, is replaced at once: that says nothing of the job. But one
 * that was taken away as soon as it was there is likely to be so again.
 */
export function delaysReplacement(pod: Pod): boolean {
  const { deletionTimestamp, creationTimestamp = '' } = pod.metadata;
  const isDisrupted = pod.status.conditions?.some(
    ({ type, status }) => type === 'DisruptionTarget' && status === 'True',
  );
  if (deletionTimestamp === undefined && !isDisrupted) return true;
  return finishedAt(pod) - Date.parse(creationTimestamp) < FIRST_MILLISECONDS;
}

/** Milliseconds until a pod may be made after so many failures in a row. */
export function untilRetry(failures: number, lastFailure: number, date: Date): number {
  if (failures === 0) return 0;
  const wait = Math.min(FIRST_MILLISECONDS * 2 ** (failures - 1), LONGEST_MILLISECONDS);
  return Math.max(0, lastFailure + wait - date.getTime());
}

/** When the pod's containers had ended; else the best that is known of when it did. Milliseconds since 1970. */
export function finishedAt(pod: Pod): number {
  const { deletionTimestamp, deletionGracePeriodSeconds = 0, creationTimestamp = '' } = pod.metadata;
  const ready = readyCondition(pod);
  const unready = ready?.status === 'False' ? Date.parse(ready.lastTransitionTime ?? '') : Number.NaN;
  const deleted = Date.parse(deletionTimestamp ?? '') - deletionGracePeriodSeconds * 1000;
  const known = [containersEndedAt(pod), unready, deleted].find((time) => time !== undefined && !Number.isNaN(time));
  return known ?? Date.parse(creationTimestamp);
}

/** Sidecars end after the others. */
function containersEndedAt({ spec, status }: Pod): number | undefined {
  const sidecars = new Set(
    spec.initContainers?.filter(({ restartPolicy }) => restartPolicy === 'Always').map(({ name }) => name),
  );
  const statuses = [
    ...(status.containerStatuses ?? []),
    ...(status.initContainerStatuses ?? []).filter(({ name }) => sidecars.has(name)),
  ];
  return statuses.length === 0
    ? undefined
    : Math.max(...statuses.map(({ state }) => Date.parse(state?.terminated?.finishedAt ?? '')));
}
