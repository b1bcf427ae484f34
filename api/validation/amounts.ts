/** Amounts that are a number or a share in per cent (Kubernetes `ValidatePositiveIntOrPercent`). */
import { checkPercent } from '../machinery/names.ts';
import type { FieldErrors } from './field-errors.ts';

export function validateAmount(errors: FieldErrors, value: number | string, path: string): void {
  if (typeof value === 'number') errors.notNegative(path, value);
  else errors.check(path, value, checkPercent);
}

/** Of a share: no more than all. */
export function validateShare(errors: FieldErrors, value: number | string, path: string): void {
  if (isPercent(value) && amountOf(value) > 100) errors.invalid(path, value, 'must not be greater than 100%');
}

/** The number in it, per cent or not; nothing, where there is none. */
export function amountOf(value: number | string): number {
  if (typeof value === 'number') return value;
  return isPercent(value) || /^[+-]?\d+$/.test(value) ? Number.parseInt(value, 10) : 0;
}

function isPercent(value: number | string): boolean {
  return typeof value === 'string' && checkPercent(value).length === 0;
}
