/** The parameters of list, watch and deletecollection, checked as Kubernetes checks them. */
import { badRequest, invalid, type FieldError } from '../../api/errors.ts';
import { isTrue } from '../http/request-info.ts';

export interface ListOptions {
  readonly labelSelector: string;
  readonly fieldSelector: string;
  /** '' when not given. */
  readonly resourceVersion: string;
  readonly resourceVersionMatch: string;
  /** 0 for no limit. */
  readonly limit: number;
  readonly continue: string;
  readonly timeoutSeconds: number | undefined;
  readonly allowWatchBookmarks: boolean;
  /** Whether a watch begins with the present state; what the revision says decides when undefined. */
  readonly sendInitialEvents: boolean | undefined;
}

const SUBJECT = { group: 'meta.k8s.io', plural: 'listoptions', kind: 'ListOptions' };

/** Throws BadRequest or Invalid. */
export function parseListOptions(query: URLSearchParams, watching: boolean): ListOptions {
  const options: ListOptions = {
    labelSelector: query.get('labelSelector') ?? '',
    fieldSelector: query.get('fieldSelector') ?? '',
    resourceVersion: query.get('resourceVersion') ?? '',
    resourceVersionMatch: query.get('resourceVersionMatch') ?? '',
    limit: parseInteger(query, 'limit') ?? 0,
    continue: query.get('continue') ?? '',
    timeoutSeconds: parseInteger(query, 'timeoutSeconds'),
    allowWatchBookmarks: isTrue(query.get('allowWatchBookmarks')),
    sendInitialEvents: query.has('sendInitialEvents') ? isTrue(query.get('sendInitialEvents')) : undefined,
  };
  const errors = watching ? checkWatch(options) : checkList(options);
  if (errors.length > 0) throw invalid(SUBJECT, '', errors);
  return options;
}

function parseInteger(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name);
  if (text === null || text === '') return undefined;
  const value = Number(text);
  if (!/^-?\d+$/.test(text) || !Number.isSafeInteger(value)) {
    throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`);
  }
  return Math.max(0, value);
}

function forbid(field: string, why: string): FieldError {
  return { type: 'FieldValueForbidden', field, message: `Forbidden: ${why}` };
}

function notSupported(value: string, supported: readonly string[]): FieldError {
  const list = supported.map((text) => JSON.stringify(text)).join(', ');
  return {
    type: 'FieldValueNotSupported',
    field: 'resourceVersionMatch',
    message: `Unsupported value: ${JSON.stringify(value)}: supported values: ${list}`,
  };
}

function checkList(options: ListOptions): FieldError[] {
  const { resourceVersionMatch: match, resourceVersion } = options;
  const field = 'resourceVersionMatch';
  const errors: FieldError[] = [];
  if (match !== '') {
    if (resourceVersion === '') errors.push(forbid(field, `${field} is forbidden unless resourceVersion is provided`));
    if (options.continue !== '') errors.push(forbid(field, `${field} is forbidden when continue is provided`));
    if (match !== 'Exact' && match !== 'NotOlderThan') errors.push(notSupported(match, ['Exact', 'NotOlderThan', '']));
    if (match === 'Exact' && resourceVersion === '0') {
      errors.push(forbid(field, `${field} "exact" is forbidden for resourceVersion "0"`));
    }
  }
  if (options.sendInitialEvents !== undefined) {
    errors.push(forbid('sendInitialEvents', 'sendInitialEvents is forbidden for list'));
  }
  return errors;
}

function checkWatch(options: ListOptions): FieldError[] {
  const { resourceVersionMatch: match, sendInitialEvents } = options;
  const field = 'resourceVersionMatch';
  const errors: FieldError[] = [];
  if (sendInitialEvents !== undefined && match !== 'NotOlderThan') {
    errors.push(forbid(field, `sendInitialEvents requires setting ${field} to NotOlderThan`));
  }
  if (match !== '') {
    if (sendInitialEvents === undefined) {
      errors.push(forbid(field, `${field} is forbidden for watch unless sendInitialEvents is provided`));
    }
    if (match !== 'NotOlderThan') errors.push(notSupported(match, ['NotOlderThan']));
    if (options.continue !== '') errors.push(forbid(field, `${field} is forbidden when continue is provided`));
  }
  return errors;
}

/** undefined for '' and '0'. Throws BadRequest for what is no revision. */
export function parseRevision(text: string): number | undefined {
  if (text === '' || text === '0') return undefined;
  const value = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(value)) {
    const why = `strconv.ParseUint: parsing ${JSON.stringify(text)}: invalid syntax`;
    throw badRequest(`resourceVersion: Invalid value: ${JSON.stringify(text)}: ${why}`);
  }
  return value === 0 ? undefined : value;
}
