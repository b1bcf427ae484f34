/** Events: old ones say little; those with an `eventTime` say who did what, and those of events.k8s.io all have one. */
import type { FieldError } from '../errors.ts';
import { sameJson } from '../machinery/json.ts';
import { checkQualifiedName } from '../machinery/names.ts';
import type { Event as CoreEvent } from '../types/core.v1.ts';
import type { Event } from '../types/events.v1.ts';
import { FieldErrors } from './field-errors.ts';
import { toCoreEvent } from '../conversion/events.ts';

const MAX_WORD = 128;
const MAX_NOTE = 1024;
const MISMATCH = 'does not match event.namespace';

export function validateCoreEvent(event: CoreEvent): FieldError[] {
  const errors = new FieldErrors();
  validateShared(errors, event, 'reportingComponent');
  return errors.list;
}

export function validateEvent(event: Event): FieldError[] {
  const errors = new FieldErrors();
  const core = toCoreEvent(event);
  validateShared(errors, core, 'reportingController');
  validateSeries(errors, event.series);
  if (!event.eventTime) errors.required('eventTime');
  if (event.type !== 'Normal' && event.type !== 'Warning') {
    errors.invalid('type', '', `has invalid value: ${event.type ?? ''}`);
  }
  const { source } = core as Partial<CoreEvent>;
  const unset = {
    firstTimestamp: core.firstTimestamp,
    lastTimestamp: core.lastTimestamp,
    count: core.count || undefined,
    source: source?.component || source?.host || undefined,
  };
  for (const [field, value] of Object.entries(unset)) {
    if (value !== undefined) errors.invalid(field, '', 'needs to be unset');
  }
  return errors.list;
}

const FIXED = [
  'involvedObject',
  'reason',
  'message',
  'source',
  'firstTimestamp',
  'lastTimestamp',
  'count',
  'type',
  'eventTime',
  'action',
  'related',
  'reportingComponent',
  'reportingInstance',
] as const satisfies readonly (keyof CoreEvent)[];

/** Only how often it happened changes. */
export function validateEventUpdate(next: Event, previous: Event): FieldError[] {
  const errors = new FieldErrors();
  const core = toCoreEvent(next);
  const before = toCoreEvent(previous);
  validateShared(errors, core, 'reportingController');
  if (!sameJson(next.series, previous.series)) validateSeries(errors, next.series);
  for (const field of FIXED) {
    const name = field === 'reportingComponent' ? 'reportingController' : field;
    errors.immutable(name, sameJson(core[field], before[field]), core[field]);
  }
  return errors.list;
}

function validateSeries(errors: FieldErrors, series: Partial<NonNullable<Event['series']>> | undefined): void {
  if (!series) return;
  if ((series.count ?? 0) < 2) errors.invalid('series.count', '', 'should be at least 2');
  if (!series.lastObservedTime) errors.required('series.lastObservedTime');
}

function validateShared(errors: FieldErrors, event: Partial<CoreEvent>, controllerField: string): void {
  const namespace = event.involvedObject?.namespace ?? '';
  const own = event.metadata?.namespace ?? '';
  const refuse = (): void => errors.invalid('involvedObject.namespace', namespace, MISMATCH);
  if (!event.eventTime) {
    if (namespace === '' ? own !== '' && own !== 'default' : own !== namespace) refuse();
    return;
  }
  if (namespace === '' && own !== 'default' && own !== 'kube-system') refuse();
  if (!event.reportingComponent) errors.required(controllerField);
  errors.check(controllerField, event.reportingComponent, checkQualifiedName);
  for (const field of ['reportingInstance', 'action', 'reason'] as const) {
    const word = event[field] ?? '';
    if (word === '') errors.required(field);
    if (word.length > MAX_WORD) errors.invalid(field, '', `can have at most ${MAX_WORD} characters`);
  }
  if ((event.message ?? '').length > MAX_NOTE) {
    errors.invalid('message', '', `can have at most ${MAX_NOTE} characters`);
  }
}
