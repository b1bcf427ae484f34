/** ControllerRevision: a state of a workload, kept as it was. */
import type { FieldError } from '../../errors.ts';
import { sameJson } from '../../machinery/json.ts';
import type { ControllerRevision } from '../../types/apps.v1.ts';
import { FieldErrors } from '../field-errors.ts';

export function validateControllerRevision({ data, revision }: ControllerRevision): FieldError[] {
  const errors = new FieldErrors();
  errors.notNegative('revision', revision);
  if (data === undefined || data === null) errors.required('data', 'data is mandatory');
  else if (typeof data !== 'object' || Array.isArray(data)) {
    errors.required('data', 'data must be a valid JSON object');
  }
  return errors.list;
}

export function validateControllerRevisionUpdate(next: ControllerRevision, previous: ControllerRevision): FieldError[] {
  const errors = new FieldErrors();
  errors.notNegative('revision', next.revision);
  errors.immutable('data', sameJson(next.data, previous.data), next.data);
  return errors.list;
}
