/** CronJob. */
import type { FieldError } from '../../errors.ts';
import { CronError, parseSchedule } from '../../machinery/cron.ts';
import type { CronJob, CronJobSpec } from '../../types/batch.v1.ts';
import { FieldErrors } from '../field-errors.ts';
import { validateJobSpec } from './job-spec.ts';

/** The jobs' names are this one and the minute they are for. */
const MAX_NAME = 52;
const POLICIES = ['Allow', 'Forbid', 'Replace'];
const ZONE_PART = /^(?!-)(?!\.\.?$)[A-Za-z.\-_0-9+]{1,14}$/;

export function validateCronJob({ metadata: { name = '' }, spec }: CronJob): FieldError[] {
  const errors = new FieldErrors();
  validateSpec(errors, spec, undefined);
  if (name.length > MAX_NAME) errors.invalid('metadata.name', name, `must be no more than ${MAX_NAME} characters`);
  return errors.list;
}

export function validateCronJobUpdate(next: CronJob, previous: CronJob): FieldError[] {
  const errors = new FieldErrors();
  validateSpec(errors, next.spec, previous.spec);
  return errors.list;
}

function validateSpec(errors: FieldErrors, spec: CronJobSpec, previous: CronJobSpec | undefined): void {
  if (!spec.schedule) errors.required('spec.schedule');
  else validateSchedule(errors, spec, previous?.schedule.includes('TZ') === true);
  errors.notNegative('spec.startingDeadlineSeconds', spec.startingDeadlineSeconds);
  if (spec.timeZone !== undefined && spec.timeZone !== previous?.timeZone) {
    validateTimeZone(errors, spec.timeZone, 'spec.timeZone');
  }
  errors.oneOf('spec.concurrencyPolicy', spec.concurrencyPolicy, POLICIES);
  validateTemplate(errors, spec, 'spec.jobTemplate.spec');
  errors.notNegative('spec.successfulJobsHistoryLimit', spec.successfulJobsHistoryLimit);
  errors.notNegative('spec.failedJobsHistoryLimit', spec.failedJobsHistoryLimit);
}

function validateSchedule(errors: FieldErrors, { schedule, timeZone }: CronJobSpec, mayHaveZone: boolean): void {
  const path = 'spec.schedule';
  try {
    parseSchedule(schedule);
  } catch (error) {
    if (!(error instanceof CronError)) throw error;
    errors.invalid(path, schedule, error.message);
  }
  if (!schedule.includes('TZ')) return;
  if (!mayHaveZone) {
    errors.invalid(path, schedule, 'cannot use TZ or CRON_TZ in schedule, use timeZone field instead');
  } else if (timeZone !== undefined) {
    errors.invalid(path, schedule, 'cannot use both timeZone field and TZ or CRON_TZ in schedule');
  }
}

function validateTimeZone(errors: FieldErrors, zone: string, path: string): void {
  if (zone === '') errors.invalid(path, zone, 'timeZone must be nil or non-empty string');
  else if (!zone.split('/').every((part) => ZONE_PART.test(part))) {
    errors.invalid(path, zone, `unknown time zone ${zone}`);
  } else if (zone.toLowerCase() === 'local') {
    const detail = 'timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones';
    errors.invalid(path, zone, detail);
  } else if (!isKnownZone(zone)) errors.invalid(path, zone, `unknown time zone ${zone}`);
}

function isKnownZone(zone: string): boolean {
  try {
    Intl.DateTimeFormat('en', { timeZone: zone });
    return true;
  } catch {
    // It throws a RangeError for a zone that it does not know, and for nothing else here.
    return false;
  }
}

/** The selector of each job is made with the job. */
function validateTemplate(errors: FieldErrors, { jobTemplate }: CronJobSpec, path: string): void {
  const { spec } = jobTemplate;
  validateJobSpec(errors, spec, path);
  if (spec.selector) errors.invalid(`${path}.selector`, spec.selector, '`selector` will be auto-generated');
  if (spec.manualSelector) errors.notSupported(`${path}.manualSelector`, spec.manualSelector, ['nil', 'false']);
}
