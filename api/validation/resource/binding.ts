/** Conditions that a device must reach before its pod is bound, and those by which binding has failed. */
import { checkQualifiedName } from '../../machinery/names.ts';
import type { Device } from '../../types/resource.v1.ts';
import type { FieldErrors } from '../field-errors.ts';

const MOST = 4;

type Bound = Pick<Device, 'bindingConditions' | 'bindingFailureConditions'>;

export function validateBinding(errors: FieldErrors, bound: Bound, path: string): void {
  const { bindingConditions: conditions = [], bindingFailureConditions: failures = [] } = bound;
  validateTypes(errors, conditions, `${path}.bindingConditions`);
  validateTypes(errors, failures, `${path}.bindingFailureConditions`);
  failures.forEach((condition, index) => {
    if (!conditions.includes(condition)) return;
    const detail = 'bindingFailureConditions must not overlap with bindingConditions';
    errors.invalid(`${path}.bindingFailureConditions[${index}]`, condition, detail);
  });
  if (conditions.length === 0 && failures.length > 0) {
    const detail = 'bindingConditions are required to use bindingFailureConditions';
    errors.invalid(`${path}.bindingConditions`, bound.bindingConditions, detail);
  }
  if (failures.length === 0 && conditions.length > 0) {
    const detail = 'bindingFailureConditions are required to use bindingConditions';
    errors.invalid(`${path}.bindingFailureConditions`, bound.bindingFailureConditions, detail);
  }
}

function validateTypes(errors: FieldErrors, types: readonly string[], path: string): void {
  if (types.length > MOST) {
    errors.tooMany(path, types.length, MOST);
    return;
  }
  const seen = new Set<string>();
  types.forEach((type, index) => {
    errors.check(`${path}[${index}]`, type, checkQualifiedName);
    if (seen.has(type)) errors.duplicate(`${path}[${index}]`, type);
    seen.add(type);
  });
}
