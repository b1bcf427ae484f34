/** How much of a capacity may be asked for at a time, of a device that several share. */
import {
  addQuantities,
  compareQuantities,
  formatQuantity,
  parseQuantity,
  type Quantity,
  toBytes,
} from '../../machinery/quantity.ts';
import type { CapacityRequestPolicy, CapacityRequestPolicyRange, DeviceCapacity } from '../../types/resource.v1.ts';
import type { FieldErrors } from '../field-errors.ts';
import { readQuantity } from '../resources.ts';
import { validateSet } from './names.ts';

const MAX_VALUES = 10;

export function validateRequestPolicy(
  errors: FieldErrors,
  { value = '0', requestPolicy }: Partial<DeviceCapacity>,
  path: string,
): void {
  if (!requestPolicy || !areQuantities(errors, value, requestPolicy, path)) return;
  const { default: given, validValues = [], validRange } = requestPolicy;
  if (validValues.length > 0 && validRange) {
    const detail =
      'exactly one policy can be specified, cannot specify "validValues" and "validRange" at the same time';
    errors.forbidden(path, detail);
    return;
  }
  const field = validValues.length > 0 ? 'validValues' : validRange && 'validRange';
  if (field === undefined) return;
  if (given === undefined) {
    errors.required(`${path}.default`, `required when ${field} is defined`);
    return;
  }
  const most = parseQuantity(value);
  if (validRange) validateRange(errors, validRange, parseQuantity(given), most, `${path}.validRange`);
  else validateValues(errors, validValues.map(parseQuantity), parseQuantity(given), most, `${path}.validValues`);
}

/** Whether all that should be amounts are. */
function areQuantities(errors: FieldErrors, value: string, policy: CapacityRequestPolicy, path: string): boolean {
  const { default: given, validValues = [], validRange = {} } = policy;
  const texts: [string, string | undefined][] = [
    [path, value],
    [`${path}.default`, given],
    ...validValues.map((text, index): [string, string] => [`${path}.validValues[${index}]`, text]),
    ...(['min', 'max', 'step'] as const).map((field): [string, string | undefined] => [
      `${path}.validRange.${field}`,
      validRange[field],
    ]),
  ];
  const wrong = texts.filter(([at, text]) => text !== undefined && !readQuantity(errors, text, at));
  return wrong.length === 0;
}

function validateValues(
  errors: FieldErrors,
  values: readonly Quantity[],
  given: Quantity,
  most: Quantity,
  path: string,
): void {
  values.forEach((value, index) => {
    const before = values[index - 1];
    if (!before || compareQuantities(before, value) <= 0) return;
    errors.invalid(`${path}[${index}]`, formatQuantity(value), 'values must be sorted in ascending order');
  });
  validateSet(errors, values, path, {
    most: MAX_VALUES,
    key: (value) => String(toBytes(value)),
    each(value, at) {
      if (compareQuantities(value, most) <= 0) return;
      errors.invalid(at, formatQuantity(value), `option is larger than capacity value: ${formatQuantity(most)}`);
    },
  });
  if (values.some((value) => compareQuantities(value, given) === 0)) return;
  errors.invalid(path, formatQuantity(given), 'default value is not valid according to the requestPolicy');
}

function validateRange(
  errors: FieldErrors,
  range: CapacityRequestPolicyRange,
  given: Quantity,
  most: Quantity,
  path: string,
): void {
  if (range.min === undefined) {
    errors.required(`${path}.min`, 'required when validRange is defined');
    return;
  }
  const min = parseQuantity(range.min);
  const max = range.max === undefined ? undefined : parseQuantity(range.max);
  /** Says so where the one is larger than the other. */
  const larger = (one: Quantity, other: Quantity, field: 'min' | 'max', shown: Quantity, detail: string): void => {
    if (compareQuantities(one, other) > 0) errors.invalid(`${path}.${field}`, formatQuantity(shown), detail);
  };
  larger(min, most, 'min', min, `min is larger than capacity value: ${formatQuantity(most)}`);
  larger(min, given, 'min', given, `default is less than min: ${formatQuantity(min)}`);
  if (max) {
    larger(min, max, 'max', min, `min is larger than max: ${formatQuantity(max)}`);
    larger(max, most, 'max', max, `max is larger than capacity value: ${formatQuantity(most)}`);
    larger(given, max, 'max', given, `default is more than max: ${formatQuantity(max)}`);
  }
  if (range.step === undefined) return;
  const step = parseQuantity(range.step);
  const at = `${path}.step`;
  const first = addQuantities(min, step);
  if (compareQuantities(first, most) > 0) {
    const detail = `one step ${formatQuantity(first)} is larger than capacity value: ${formatQuantity(most)}`;
    errors.invalid(at, formatQuantity(step), detail);
  }
  for (const value of max ? [given, max] : [given]) {
    // A step of nothing leads nowhere.
    if (toBytes(step) !== 0 && (toBytes(value) - toBytes(min)) % toBytes(step) === 0) continue;
    const detail = `value is not a multiple of a given step (${formatQuantity(step)}) from (${formatQuantity(min)})`;
    errors.invalid(at, formatQuantity(value), detail);
  }
}
