/** Requests for tokens. */
import type { FieldError } from '../errors.ts';
import type { TokenRequestSpec } from '../types/authentication.v1.ts';
import { FieldErrors } from './field-errors.ts';

const LEAST_SECONDS = 600;
const MOST_SECONDS = 2 ** 32;

export function validateTokenRequest({ expirationSeconds = 0 }: TokenRequestSpec): FieldError[] {
  const errors = new FieldErrors();
  const field = 'spec.expirationSeconds';
  if (expirationSeconds < LEAST_SECONDS) {
    errors.invalid(field, expirationSeconds, 'may not specify a duration less than 10 minutes');
  }
  if (expirationSeconds > MOST_SECONDS) {
    errors.invalid(field, expirationSeconds, 'may not specify a duration larger than 2^32 seconds');
  }
  return errors.list;
}
