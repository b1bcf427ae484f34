/** Conditions of the common form (apimachinery `ValidateConditions`). */
import { checkQualifiedName } from '../machinery/names.ts';
import type { Condition } from '../types/meta.v1.ts';
import type { FieldErrors } from './field-errors.ts';

const STATUSES = ['False', 'True', 'Unknown'];
const REASON = /^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$/;
const REASON_RULE =
  "a condition reason must start with alphabetic character, optionally followed by a string of alphanumeric characters or '_,:', and must end with an alphanumeric character or '_' (e.g. 'my_name',  or 'MY_NAME',  or 'MyName',  or 'ReasonA,ReasonB',  or 'ReasonA:ReasonB', regex used for validation is '[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?')";
const MAX_REASON = 1024;
const MAX_MESSAGE = 32 * 1024;

export function validateConditions(errors: FieldErrors, conditions: readonly Condition[], path: string): void {
  const types = new Set<string>();
  conditions.forEach((condition, index) => {
    const at = `${path}[${index}]`;
    if (types.has(condition.type)) errors.duplicate(`${at}.type`, condition.type);
    types.add(condition.type);
    validateCondition(errors, condition, at);
  });
}

function validateCondition(errors: FieldErrors, condition: Partial<Condition>, path: string): void {
  const { type = '', status = '', observedGeneration: generation = 0, reason, message = '' } = condition;
  errors.check(`${path}.type`, type, checkQualifiedName);
  if (!STATUSES.includes(status)) errors.notSupported(`${path}.status`, status, STATUSES);
  if (generation < 0) {
    errors.invalid(`${path}.observedGeneration`, generation, 'must be greater than or equal to zero');
  }
  if (!condition.lastTransitionTime) errors.required(`${path}.lastTransitionTime`);
  if (!reason) errors.required(`${path}.reason`);
  else {
    if (!REASON.test(reason)) errors.invalid(`${path}.reason`, reason, REASON_RULE);
    if (reason.length > MAX_REASON) errors.tooLong(`${path}.reason`, MAX_REASON);
  }
  if (message.length > MAX_MESSAGE) errors.tooLong(`${path}.message`, MAX_MESSAGE);
}
