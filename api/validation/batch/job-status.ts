/**
 * The status of a Job, which others than Dure's own controller may write too. A rule is asked only when something that
 * it speaks of changes, so that what was wrong before keeps nobody from writing the rest.
 */
import type { FieldError } from '../../errors.ts';
import { IndexRangeError, parseIndexRanges, sharedIndex } from '../../machinery/index-ranges.ts';
import { sameJson } from '../../machinery/json.ts';
import type { Job, JobStatus } from '../../types/batch.v1.ts';
import { FieldErrors } from '../field-errors.ts';

type Condition = 'Complete' | 'Failed' | 'FailureTarget' | 'SuccessCriteriaMet' | 'Suspended';

/** What is asked of a job: both states, and what differs. */
class Transition {
  readonly next: Job;
  readonly previous: Job;

  constructor(next: Job, previous: Job) {
    this.next = next;
    this.previous = previous;
  }

  get status(): JobStatus {
    return this.next.status;
  }

  is(...types: Condition[]): boolean {
    return types.some((type) => isTrue(this.next, type));
  }

  was(...types: Condition[]): boolean {
    return types.some((type) => isTrue(this.previous, type));
  }

  /** Whether one of the fields, or the truth of one of the conditions, differs. */
  changes(fields: readonly (keyof JobStatus)[], ...groups: Condition[][]): boolean {
    return (
      fields.some((field) => !sameJson(this.next.status[field], this.previous.status[field])) ||
      groups.some((types) => this.is(...types) !== this.was(...types))
    );
  }
}

function isTrue({ status }: Job, type: Condition): boolean {
  return status.conditions?.some((each) => each.type === type && each.status === 'True') ?? false;
}

const FINISHED: Condition[] = ['Complete', 'Failed'];

export function validateJobStatus(next: Job, previous: Job): FieldError[] {
  const errors = new FieldErrors();
  const change = new Transition(next, previous);
  for (const field of ['active', 'succeeded', 'failed', 'ready', 'terminating'] as const) {
    errors.notNegative(`status.${field}`, next.status[field]);
  }
  validateUncounted(errors, next.status);
  validateConditions(errors, change);
  validateTimes(errors, change);
  validateFinished(errors, change);
  validateIndexes(errors, change);
  validateCounters(errors, change);
  return errors.list;
}

function validateUncounted(errors: FieldErrors, { uncountedTerminatedPods: pods }: JobStatus): void {
  const seen = new Set<string>();
  for (const list of ['succeeded', 'failed'] as const) {
    pods?.[list]?.forEach((uid, index) => {
      const path = `status.uncountedTerminatedPods.${list}[${index}]`;
      if (!uid) errors.invalid(path, uid, 'must not be empty');
      else if (seen.has(uid)) errors.duplicate(path, uid);
      seen.add(uid);
    });
  }
}

function validateConditions(errors: FieldErrors, change: Transition): void {
  const refuse = (holds: boolean, detail: string): void => {
    if (holds) errors.inconsistent('status.conditions', detail);
  };
  const { is, was } = { is: change.is.bind(change), was: change.was.bind(change) };
  const together = (a: Condition, b: Condition): boolean => is(a) && is(b);
  refuse(
    change.changes([], ['Complete'], ['Failed']) && together('Complete', 'Failed'),
    'cannot set Complete=True and Failed=true conditions',
  );
  refuse(
    change.changes([], ['Complete'], ['FailureTarget']) && together('Complete', 'FailureTarget'),
    'cannot set Complete=True and FailureTarget=true conditions',
  );
  refuse(
    change.changes(['failedIndexes'], ['Failed']) && is('Failed') && !is('FailureTarget'),
    'cannot set Failed=True condition without the FailureTarget=true condition',
  );
  refuse(
    change.changes([], ['Complete'], ['SuccessCriteriaMet']) && is('Complete') && !is('SuccessCriteriaMet'),
    'cannot set Complete=True condition without the SuccessCriteriaMet=true condition',
  );
  refuse(together('SuccessCriteriaMet', 'Failed'), 'cannot set SuccessCriteriaMet=True and Failed=true conditions');
  refuse(
    together('SuccessCriteriaMet', 'FailureTarget'),
    'cannot set SuccessCriteriaMet=True and FailureTarget=true conditions',
  );
  refuse(
    change.next.spec.successPolicy !== undefined && is('Complete') && !is('SuccessCriteriaMet'),
    'cannot set Complete=True for Job with SuccessPolicy unless SuccessCriteriaMet=True',
  );
  for (const type of ['Failed', 'Complete', 'FailureTarget'] as const) {
    refuse(was(type) && !is(type), `cannot disable the terminal ${type}=True condition`);
  }
  refuse(
    was('SuccessCriteriaMet') && !is('SuccessCriteriaMet'),
    'cannot disable the SuccessCriteriaMet=True condition',
  );
  refuse(
    was('Complete') && !was('SuccessCriteriaMet') && is('SuccessCriteriaMet'),
    'cannot set SuccessCriteriaMet=True for Job already has Complete=true conditions',
  );
}

function validateTimes(errors: FieldErrors, change: Transition): void {
  const { startTime, completionTime } = change.status;
  const before = change.previous.status;
  const path = 'status.completionTime';
  if (change.changes(['completionTime'], ['Complete'])) {
    if (completionTime !== undefined && !change.is('Complete')) {
      errors.invalid(path, completionTime, 'cannot set completionTime when there is no Complete=True condition');
    }
    if (completionTime === undefined && change.is('Complete')) {
      errors.required(path, 'completionTime is required for Complete jobs');
    }
  }
  const timesChange = change.changes(['startTime', 'completionTime']);
  if (timesChange && startTime && completionTime && Date.parse(completionTime) < Date.parse(startTime)) {
    errors.invalid(path, completionTime, 'must be equal to or after `startTime`');
  }
  if (completionTime && before.completionTime && completionTime !== before.completionTime) {
    errors.invalid(path, completionTime, 'field is immutable');
  }
  const isResumed = change.was('Suspended') && change.next.status.conditions?.some(isResumption) === true;
  if (before.startTime && before.startTime !== startTime && !change.next.spec.suspend && !isResumed) {
    errors.required('status.startTime', 'startTime cannot be removed for unsuspended job');
  }
}

function isResumption({ type, status }: { type: string; status: string }): boolean {
  return type === 'Suspended' && status === 'False';
}

function validateFinished(errors: FieldErrors, change: Transition): void {
  if (!change.is(...FINISHED)) return;
  const { active = 0, terminating = 0, startTime, uncountedTerminatedPods: pods } = change.status;
  const { spec } = change.next;
  if (active > 0 && change.changes(['active'], FINISHED)) {
    errors.invalid('status.active', active, 'active>0 is invalid for finished job');
  }
  const neverStarts = spec.suspend === true && spec.completions === 0;
  if (startTime === undefined && !neverStarts && change.changes(['startTime'], FINISHED)) {
    errors.required('status.startTime', 'startTime is required for finished job');
  }
  const uncounted = (pods?.failed?.length ?? 0) + (pods?.succeeded?.length ?? 0);
  if (uncounted > 0 && change.changes(['uncountedTerminatedPods'], FINISHED)) {
    errors.invalid('status.uncountedTerminatedPods', pods, 'must be empty for finished job');
  }
  if (terminating > 0 && change.changes(['terminating'], FINISHED)) {
    errors.invalid('status.terminating', terminating, 'terminating>0 is invalid for finished job');
  }
}

function validateIndexes(errors: FieldErrors, change: Transition): void {
  const { spec } = change.next;
  const { completedIndexes = '', failedIndexes } = change.status;
  const completions = spec.completions ?? 0;
  const completedChange = change.changes(['completedIndexes']);
  const failedChange = change.changes(['failedIndexes']);
  if (completedChange && spec.completions !== undefined) {
    validateRanges(errors, 'completedIndexes', completedIndexes, completions);
  }
  if (completedChange && completedIndexes !== '' && spec.completionMode !== 'Indexed') {
    const detail = 'cannot set non-empty completedIndexes when non-indexed completion mode';
    errors.invalid('status.completedIndexes', completedIndexes, detail);
  }
  if (failedIndexes === undefined) return;
  if (failedChange && spec.backoffLimitPerIndex === undefined) {
    const detail = 'cannot set non-null failedIndexes when backoffLimitPerIndex is null';
    errors.invalid('status.failedIndexes', failedIndexes, detail);
  } else if (failedChange) validateRanges(errors, 'failedIndexes', failedIndexes, completions);
  if (!failedChange && !completedChange) return;
  const shared = sharedIndex(rangesOf(completedIndexes, completions), rangesOf(failedIndexes, completions));
  if (shared !== undefined) {
    const detail = `failedIndexes and completedIndexes overlap at index: ${shared}`;
    errors.invalid('status.failedIndexes', failedIndexes, detail);
  }
}

function validateRanges(errors: FieldErrors, field: string, text: string, completions: number): void {
  try {
    parseIndexRanges(text, completions);
  } catch (error) {
    if (!(error instanceof IndexRangeError)) throw error;
    errors.invalid(`status.${field}`, text, `error parsing ${field}: ${error.message}`);
  }
}

function rangesOf(text: string, completions: number): ReturnType<typeof parseIndexRanges> {
  try {
    return parseIndexRanges(text, completions);
  } catch (error) {
    // What is no list of indexes is told of where its form is looked at.
    if (error instanceof IndexRangeError) return [];
    throw error;
  }
}

/** What happened stays so; an indexed job whose size may change can lose successes. */
function validateCounters(errors: FieldErrors, change: Transition): void {
  const { spec, status } = change.next;
  const before = change.previous.status;
  const isElastic = spec.completionMode === 'Indexed' && spec.completions === spec.parallelism;
  if ((status.failed ?? 0) < (before.failed ?? 0)) {
    errors.invalid('status.failed', status.failed ?? 0, 'cannot decrease the failed counter');
  }
  if (!isElastic && (status.succeeded ?? 0) < (before.succeeded ?? 0)) {
    errors.invalid('status.succeeded', status.succeeded ?? 0, 'cannot decrease the succeeded counter');
  }
  const { ready, active = 0 } = status;
  if (ready !== undefined && ready > active && change.changes(['ready', 'active'])) {
    errors.invalid('status.ready', ready, 'cannot set more ready pods than active');
  }
}
