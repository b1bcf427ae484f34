/** One condition of a label selector, and what Kubernetes demands of it. */
import { badRequest } from '../errors.ts';
import { checkLabelValue, checkQualifiedName } from './names.ts';

export type Operator = 'in' | 'notin' | '=' | '==' | '!=' | 'gt' | 'lt' | 'exists' | '!';

export interface Requirement {
  readonly key: string;
  readonly operator: Operator;
  readonly values: readonly string[];
}

const INT64_MAX = 2n ** 63n - 1n;

/** A 64-bit integer, or undefined for other text. */
export function integerOf(text: string | undefined): bigint | undefined {
  if (text === undefined || !/^[+-]?\d{1,19}$/.test(text)) return undefined;
  const value = BigInt(text.replace(/^\+/, ''));
  return value > INT64_MAX || value < -INT64_MAX - 1n ? undefined : value;
}

/** Throws BadRequest, in Kubernetes' words, for a key, value or number of values that is not allowed. */
export function checkedRequirement(requirement: Requirement): Requirement {
  const { key, operator, values } = requirement;
  const errors = [
    ...keyErrors('key', key),
    ...countErrors(operator, values),
    ...values.flatMap((value, index) => valueErrors(`values[${index}][${key}]`, value)),
  ];
  if (errors.length === 1) throw badRequest(errors[0] ?? '');
  if (errors.length > 1) throw badRequest(`[${errors.join(', ')}]`);
  return requirement;
}

export function keyErrors(path: string, key: string): string[] {
  return invalidValue(path, key, checkQualifiedName(key));
}

function valueErrors(path: string, value: string): string[] {
  return invalidValue(path, value, checkLabelValue(value));
}

function invalidValue(path: string, value: string, reasons: readonly string[]): string[] {
  return reasons.length === 0 ? [] : [`${path}: Invalid value: ${JSON.stringify(value)}: ${reasons.join('; ')}`];
}

function countErrors(operator: Operator, values: readonly string[]): string[] {
  const wrong = (why: string): string[] => [`values: Invalid value: ${JSON.stringify(values)}: ${why}`];
  switch (operator) {
    case 'in':
    case 'notin':
      return values.length > 0 ? [] : wrong("for 'in', 'notin' operators, values set can't be empty");
    case '=':
    case '==':
    case '!=':
      return values.length === 1 ? [] : wrong('exact-match compatibility requires one single value');
    case 'exists':
    case '!':
      return values.length === 0 ? [] : wrong('values set must be empty for exists and does not exist');
    case 'gt':
    case 'lt':
      if (values.length !== 1) return wrong("for 'Gt', 'Lt' operators, exactly one value is required");
      if (integerOf(values[0]) !== undefined) return [];
      return [
        `values[0]: Invalid value: ${JSON.stringify(values[0])}: for 'Gt', 'Lt' operators, the value must be an integer`,
      ];
  }
}
