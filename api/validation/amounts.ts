/** Amounts that are a number or a share in per cent (Kubernetes `ValidatePositiveIntOrPercent`). */
import { checkPercent } from '../machinery/names.ts';
import type { FieldErrors } from './field-errors.ts';

export function validateAmount(errors: FieldErrors, value: number | string, path: string): void {
  if (typeof value === 'number') errors.notNegative(path, value);
  else errors.check(path, value, checkPercent);
}

/** Of a share: no more than all. */
export function validateShare(errors: FieldErrors, value: number | string, path: string): void {
  if (typeof value === 'string' && amountOf(value) > 100) errors.invalid(path, value, 'must not be greater than 100%');
}

/** The number in it, per cent or not. */
export function amountOf(value: number | string): number {
  return typeof value === 'number' ? value : Number.parseInt(value, 10);
}
