/** Plans for a job: as many pods as it should have now, each that ends counted once, and a status that says so. */
import { isDeepStrictEqual } from 'node:util';

import { kinds } from '../../../api/kinds.ts';
import { selectorFromObject } from '../../../api/machinery/selectors.ts';
import type { Job } from '../../../api/types/batch.v1.ts';
import type { Pod } from '../../../api/types/core.v1.ts';
import type { Action, Announcement, EventSeed } from '../actions.ts';
import { ownerReferenceTo, referenceTo, targetOf } from '../actions.ts';
import { isActive } from '../conditions.ts';
import type { Failure, Moment, Plan } from '../controller.ts';
import { NOTHING } from '../controller.ts';
import { claim } from '../owners.ts';
import { adjust, BURST, type Adjustment } from './adjust.ts';
import type { FailureRecord } from './backoff.ts';
import { takeCensus, type Census } from './census.ts';
import { nextStatus } from './status.ts';
import { isTracked, makePod, TRACKING_FINALIZER, type Wanted } from './tracked-pods.ts';
import { track, type Tracking } from './tracking.ts';
import { COMPLETIONS_REACHED, isFinished, judge, untilDeadline, type Verdict } from './verdict.ts';

/** The value of `managedBy` that means this controller, as does none. */
const OWN_NAME = 'kubernetes.io/job-controller';

export interface JobSnapshot {
  readonly job: Job;
  /** Those it controls, and those that it may select and nothing controls. */
  readonly pods: readonly Pod[];
  readonly failures: FailureRecord;
}

/** Somebody else looks after the job and its pods. */
export function isManagedElsewhere({ spec }: Job): boolean {
  return spec.managedBy !== undefined && spec.managedBy !== OWN_NAME;
}

/** With `making` false no pods are made: that has just failed, and what has ended is to be counted all the same. */
export function planJob(snapshot: JobSnapshot, moment: Moment, making = true): Plan {
  const { job, failures } = snapshot;
  if (isManagedElsewhere(job)) return { ...NOTHING, reasons: [`${job.spec.managedBy} manages it`] };
  if (isFinished(job)) return NOTHING;
  const { held, actions } = claimPods(snapshot);
  if (actions.length > 0) return { actions, reasons: ['it takes and leaves pods first'] };
  const census = takeCensus(job, held);
  const isDeleted = job.metadata.deletionTimestamp !== undefined;
  const early = judge(census, moment.date);
  const adjustment = early || isDeleted ? { make: [], remove: [] } : adjust(census, failures, moment.date);
  const make = making ? adjustment.make : [];
  const remove = early ? census.active.slice(0, BURST) : adjustment.remove;
  const left = census.active.length - remove.length + make.length;
  const verdict = early ?? (left === 0 && hasAllCompletions(census) ? COMPLETIONS_REACHED : undefined);
  const tracking = track(census, verdict, new Set(remove));
  return {
    actions: [
      ...(early ? endPods(job, remove) : takeAway(job, remove)),
      ...make.map((wanted) => create(job, wanted, moment.nextId())),
      ...statusActions(census, { verdict, tracking, removed: remove, made: make.length }, moment),
      ...tracking.release.map(release),
    ],
    reasons: isDeleted ? ['the job is being deleted'] : reasonsOf(adjustment),
    ...wakeUp(verdict ? undefined : untilDeadline(job, moment.date), adjustment.after),
  };
}

/** An active pod without the finalizer has lost it on a way that was not gone to its end. */
function claimPods({ job, pods }: JobSnapshot): ReturnType<typeof claim<Pod>> {
  const selector = selectorFromObject(job.spec.selector);
  const { held, actions } = claim({
    owner: job,
    ownerKind: kinds.jobs,
    kind: kinds.pods,
    candidates: pods,
    matches: (labels) => !selector.isEverything && selector.matches(labels),
  });
  const adopted = new Set(actions.map((action) => (action.do === 'add-owner' ? action.target.uid : '')));
  const lost = held.filter((pod) => isActive(pod) && !isTracked(pod) && !adopted.has(pod.metadata.uid ?? ''));
  const owner = ownerReferenceTo(kinds.jobs, job);
  const isLeaving = job.metadata.deletionTimestamp !== undefined;
  return {
    held,
    actions: [
      ...actions.map((action) => (action.do === 'add-owner' ? { ...action, finalizer: TRACKING_FINALIZER } : action)),
      ...(isLeaving ? [] : lost).map((pod): Action => ({
        do: 'add-owner',
        target: targetOf(kinds.pods, pod),
        ownerKind: kinds.jobs,
        owner,
        finalizer: TRACKING_FINALIZER,
        resourceVersion: pod.metadata.resourceVersion ?? '',
        why: 'it is not counted yet',
      })),
    ],
  };
}

function hasAllCompletions({ job, succeeded }: Census): boolean {
  const { completions } = job.spec;
  return completions === undefined ? succeeded > 0 : succeeded >= completions;
}

function about(job: Job, { type, reason, message }: Announcement): EventSeed {
  return { about: referenceTo(kinds.jobs, job), type, reason, message };
}

/** They keep the finalizer until they are counted. */
function endPods(job: Job, pods: readonly Pod[]): readonly Action[] {
  return pods.map((pod) => remove(job, pod, 'the job ends'));
}

/** They count for nothing, unless one has ended meanwhile. */
function takeAway(job: Job, pods: readonly Pod[]): readonly Action[] {
  const released = pods.map((pod): Action => {
    const { resourceVersion = '' } = pod.metadata;
    const why = 'it is not needed any more';
    const target = targetOf(kinds.pods, pod);
    return { do: 'remove-finalizer', target, finalizer: TRACKING_FINALIZER, resourceVersion, why };
  });
  return [...released, ...pods.map((pod) => remove(job, pod, 'there are too many pods'))];
}

function remove(job: Job, pod: Pod, why: string): Action {
  const message = `Deleted pod: ${pod.metadata.name}`;
  const event = about(job, { type: 'Normal', reason: 'SuccessfulDelete', message });
  return { do: 'delete', target: targetOf(kinds.pods, pod), event, why };
}

function create(job: Job, wanted: Wanted, id: string): Action {
  const object = makePod(job, wanted, id);
  const message = `Created pod: ${object.metadata.name}`;
  const event = about(job, { type: 'Normal', reason: 'SuccessfulCreate', message });
  return { do: 'create', kind: kinds.pods, object, event, why: 'there are too few pods' };
}

function release(pod: Pod): Action {
  const why = 'the status has it';
  return { do: 'remove-finalizer', target: targetOf(kinds.pods, pod), finalizer: TRACKING_FINALIZER, why };
}

interface Outcome {
  readonly verdict: Verdict | undefined;
  readonly tracking: Tracking;
  readonly removed: readonly Pod[];
  readonly made: number;
}

/** Guarded by the revision: a count that was reckoned from an older status would be wrong. */
function statusActions(census: Census, outcome: Outcome, { date }: Moment): readonly Action[] {
  const { job } = census;
  const { verdict, tracking, removed, made } = outcome;
  const { status, announcements } = nextStatus({ census, verdict, changes: { removed, made }, tracking, date });
  if (isDeepStrictEqual(status, job.status)) return [];
  const { resourceVersion = '' } = job.metadata;
  return [
    { do: 'set-status', target: targetOf(kinds.jobs, job), status, resourceVersion, why: 'its status has changed' },
    ...announcements.map((announcement): Action => {
      return { do: 'record', event: about(job, announcement), why: announcement.message };
    }),
  ];
}

function reasonsOf({ reason }: Adjustment): readonly string[] {
  return reason === undefined ? [] : [reason];
}

function wakeUp(...waits: (number | undefined)[]): { after?: number } {
  const known = waits.filter((wait) => wait !== undefined);
  return known.length > 0 ? { after: Math.min(...known) } : {};
}

/** Tells of it, and counts what has ended all the same: a job whose pods are refused must not hold those that it had. */
export function reportFailure(snapshot: JobSnapshot, { action, error }: Failure, moment: Moment): readonly Action[] {
  if (action.do !== 'create' && action.do !== 'delete') return [];
  // Two that chose one name; the next try chooses another.
  if (error.reason === 'AlreadyExists') return [];
  const [reason, verb] = action.do === 'create' ? ['FailedCreate', 'creating'] : ['FailedDelete', 'deleting'];
  const message = `Error ${verb}: ${error.message}`;
  const event = about(snapshot.job, { type: 'Warning', reason, message });
  const report: Action = { do: 'record', event, why: 'pods could not be changed' };
  return action.do === 'create' ? [report, ...planJob(snapshot, moment, false).actions] : [report];
}
