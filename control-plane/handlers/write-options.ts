/** The parameters that create, update, patch and delete share, checked as Kubernetes checks them. */
import { invalid, type FieldError } from '../../api/errors.ts';
import { header, type Exchange } from '../http/exchange.ts';
import { askedBy, type Asking } from './asked.ts';

export type FieldValidation = 'Ignore' | 'Warn' | 'Strict';

export interface WriteParameters extends Asking {
  readonly dryRun: boolean;
  readonly fieldValidation: FieldValidation;
  /** Who is put down as the owner of what is written. */
  readonly manager: string;
}

const VALIDATIONS = ['', 'Ignore', 'Strict', 'Warn'];
/** Bytes. */
const MAX_MANAGER = 128;

/** `what` is the options' kind, such as CreateOptions. Throws Invalid. */
export function parseWriteOptions(exchange: Exchange, what: string): WriteParameters {
  const force = exchange.info.query.get('force');
  if (what !== 'PatchOptions' || force === null) return parsed(exchange, what, []);
  const message = 'Forbidden: may not be specified for non-apply patch';
  return parsed(exchange, what, [{ type: 'FieldValueForbidden', field: 'force', message }]);
}

/** Those of server-side apply. Throws Invalid. */
export function parseApplyOptions(exchange: Exchange): WriteParameters & { readonly force: boolean } {
  const { query } = exchange.info;
  const message = 'Required value: is required for apply patch';
  const isNamed = (query.get('fieldManager') ?? '') !== '';
  const errors: FieldError[] = isNamed ? [] : [{ type: 'FieldValueRequired', field: 'fieldManager', message }];
  return { ...parsed(exchange, 'PatchOptions', errors), force: isTrue(query.get('force')) };
}

/** As Go reads a parameter: given without a value it is true. */
function isTrue(value: string | null): boolean {
  return value !== null && value !== '0' && value.toLowerCase() !== 'false';
}

function parsed(exchange: Exchange, what: string, further: readonly FieldError[]): WriteParameters {
  const { query } = exchange.info;
  const validation = query.get('fieldValidation') ?? '';
  const errors = [
    ...further,
    ...checkDryRun(query.getAll('dryRun')),
    ...checkManager(query.get('fieldManager') ?? ''),
    ...(VALIDATIONS.includes(validation) ? [] : [notSupported('fieldValidation', validation, VALIDATIONS)]),
  ];
  if (errors.length > 0) throw optionsInvalid(what, errors);
  return {
    dryRun: query.getAll('dryRun').includes('All'),
    manager: query.get('fieldManager') || managerOf(header(exchange.request, 'user-agent')),
    fieldValidation: validation === '' ? 'Warn' : (validation as FieldValidation),
    ...askedBy(exchange),
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

/** The client's program, as its user agent names it: what stands before the first slash, as far as it can be printed. */
function managerOf(userAgent: string): string {
  const name = (userAgent.split('/', 1)[0] ?? '').replaceAll(/\p{C}/gu, '');
  let manager = '';
  let room = MAX_MANAGER;
  for (const character of name) {
    room -= Buffer.byteLength(character);
    if (room < 0) break;
    manager += character;
  }
  return manager;
}

function checkManager(manager: string): FieldError[] {
  const field = 'fieldManager';
  const errors: FieldError[] = [];
  if (Buffer.byteLength(manager) > MAX_MANAGER) {
    errors.push({ type: 'FieldValueTooLong', field, message: `Too long: may not be more than ${MAX_MANAGER} bytes` });
  }
  if (/\p{C}/u.test(manager)) {
    const message = `Invalid value: ${JSON.stringify(manager)}: should only contain printable characters`;
    errors.push({ type: 'FieldValueInvalid', field, message });
  }
  return errors;
}
