/** The parameters that create, update, patch and delete share, checked as Kubernetes checks them. */
import { invalid, type FieldError } from '../../api/errors.ts';
import type { User } from '../auth/user.ts';
import type { Exchange } from '../server/exchange.ts';

export type FieldValidation = 'Ignore' | 'Warn' | 'Strict';

export interface WriteParameters {
  readonly dryRun: boolean;
  readonly fieldValidation: FieldValidation;
  readonly user?: User;
}

const VALIDATIONS = ['', 'Ignore', 'Strict', 'Warn'];
const MAX_MANAGER = 128;

/** `what` is the options' kind, such as CreateOptions. Throws Invalid. */
export function parseWriteOptions(exchange: Exchange, what: string): WriteParameters {
  const { query } = exchange.info;
  const validation = query.get('fieldValidation') ?? '';
  const errors = [
    ...checkDryRun(query.getAll('dryRun')),
    ...checkManager(query.get('fieldManager') ?? ''),
    ...(VALIDATIONS.includes(validation) ? [] : [notSupported('fieldValidation', validation, VALIDATIONS)]),
  ];
  if (errors.length > 0) throw optionsInvalid(what, errors);
  return {
    dryRun: query.getAll('dryRun').includes('All'),
    fieldValidation: validation === '' ? 'Warn' : (validation as FieldValidation),
    ...(exchange.user ? { user: exchange.user } : {}),
  };
}

export function optionsInvalid(what: string, errors: readonly FieldError[]): Error {
  return invalid({ group: 'meta.k8s.io', plural: what.toLowerCase(), kind: what }, '', errors);
}

export function checkDryRun(values: readonly string[]): FieldError[] {
  return values
    .filter((value) => value !== 'All' && value !== '')
    .map((value) => notSupported('dryRun', value, ['All']));
}

export function notSupported(field: string, value: string, supported: readonly string[]): FieldError {
  const list = supported.map((text) => JSON.stringify(text)).join(', ');
  return {
    type: 'FieldValueNotSupported',
    field,
    message: `Unsupported value: ${JSON.stringify(value)}: supported values: ${list}`,
  };
}

function checkManager(manager: string): FieldError[] {
  const field = 'fieldManager';
  const errors: FieldError[] = [];
  if (manager.length > MAX_MANAGER) {
    errors.push({ type: 'FieldValueTooLong', field, message: `Too long: may not be more than ${MAX_MANAGER} bytes` });
  }
  if (/\p{C}/u.test(manager)) {
    const message = `Invalid value: ${JSON.stringify(manager)}: should only contain printable characters`;
    errors.push({ type: 'FieldValueInvalid', field, message });
  }
  return errors;
}
