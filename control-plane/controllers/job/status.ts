/** What a job's status says after a plan, and which events tell of it. */
import { formatTime } from '../../../api/machinery/time.ts';
import type { Job, JobCondition, JobStatus } from '../../../api/types/batch.v1.ts';
import type { Announcement } from '../actions.ts';
import { isReady } from '../conditions.ts';
import type { Pod } from '../../../api/types/core.v1.ts';
import type { Census } from './census.ts';
import type { Tracking } from './tracking.ts';
import { conditionOf, type Verdict } from './verdict.ts';

/** What the plan does to the pods that the census has seen. */
export interface Changes {
  readonly removed: readonly Pod[];
  readonly made: number;
}

export interface NextStatus {
  readonly status: JobStatus;
  readonly announcements: readonly Announcement[];
}

interface StatusRequest {
  readonly census: Census;
  readonly verdict: Verdict | undefined;
  readonly changes: Changes;
  readonly tracking: Tracking;
  readonly date: Date;
}

export function nextStatus(request: StatusRequest): NextStatus {
  const { census, changes, tracking, date } = request;
  const { job } = census;
  const removed = new Set(changes.removed);
  const terminating = census.terminating.length + changes.removed.length;
  const { conditions, announcements } = conditionsAfter(request, terminating === 0);
  const isResumed = announcements.some(({ reason }) => reason === 'Resumed');
  const startTime = job.spec.suspend || (job.status.startTime && !isResumed) ? job.status.startTime : at(date);
  const complete = conditions.find(({ type, status }) => type === 'Complete' && status === 'True');
  const { succeeded, failed, completedIndexes, ...counts } = tracking.counts;
  const status: JobStatus = {
    ...given({
      conditions: conditions.length > 0 ? [...conditions] : undefined,
      startTime,
      completionTime: complete?.lastTransitionTime,
      // Counters of zero are left out, as Kubernetes does, but for those that may be unknown.
      active: census.active.length - changes.removed.length + changes.made || undefined,
      succeeded: succeeded || undefined,
      failed: failed || undefined,
      completedIndexes: completedIndexes || undefined,
    }),
    ...counts,
    terminating,
    ready: census.active.filter((pod) => isReady(pod) && !removed.has(pod)).length,
  };
  return { status, announcements };
}

function at(date: Date): string {
  return formatTime(date.getTime());
}

/** Without the fields that have no value. */
function given<T extends object>(fields: { [Field in keyof T]: T[Field] | undefined }): Partial<T> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Partial<T>;
}

interface Conditions {
  readonly conditions: readonly JobCondition[];
  readonly announcements: readonly Announcement[];
}

function conditionsAfter(request: StatusRequest, hasEnded: boolean): Conditions {
  const { census, verdict, tracking, date } = request;
  const { job } = census;
  const before = job.status.conditions ?? [];
  if (!verdict)
    return job.metadata.deletionTimestamp === undefined
      ? suspension(job, date)
      : { conditions: before, announcements: [] };
  const { target, reason, message } = verdict;
  const decided = conditionOf(job, target) ? before : [...before, newCondition(target, 'True', reason, message, date)];
  if (!tracking.isSettled || !hasEnded) return { conditions: decided, announcements: [] };
  const end = target === 'FailureTarget' ? 'Failed' : 'Complete';
  return {
    conditions: [...decided.filter(({ type }) => type !== end), newCondition(end, 'True', reason, message, date)],
    announcements: announceEnd(job, verdict, tracking.counts.succeeded ?? 0),
  };
}

function announceEnd(job: Job, { target, reason, message }: Verdict, succeeded: number): readonly Announcement[] {
  if (target === 'FailureTarget') return [{ type: 'Warning', reason, message }];
  const completed: Announcement = { type: 'Normal', reason: 'Completed', message: 'Job completed' };
  if (succeeded <= (job.spec.completions ?? succeeded)) return [completed];
  const tooMany = 'Too many succeeded pods running after completion count reached';
  return [{ type: 'Warning', reason: 'TooManySucceededPods', message: tooMany }, completed];
}

/** A job that was never suspended says nothing of it. */
function suspension(job: Job, date: Date): Conditions {
  const conditions = job.status.conditions ?? [];
  const known = conditions.find(({ type }) => type === 'Suspended');
  const status = job.spec.suspend ? 'True' : 'False';
  if (status === (known?.status ?? 'False')) return { conditions, announcements: [] };
  const [reason, message] = job.spec.suspend ? ['Suspended', 'Job suspended'] : ['Resumed', 'Job resumed'];
  const next = newCondition('Suspended', status, `Job${reason}`, message, date);
  return {
    conditions: known ? conditions.map((each) => (each === known ? next : each)) : [...conditions, next],
    announcements: [{ type: 'Normal', reason, message }],
  };
}

function newCondition(type: string, status: string, reason: string, message: string, date: Date): JobCondition {
  return { type, status, lastProbeTime: at(date), lastTransitionTime: at(date), reason, message };
}
