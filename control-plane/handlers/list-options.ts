/** The parameters of list, watch and deletecollection, checked as Kubernetes checks them. */
import { badRequest, invalid, type FieldError } from '../../api/errors.ts';
import { isTrue } from '../server/request-info.ts';

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
  };
  const errors = watching
    ? checkWatch(options, query.has('sendInitialEvents'))
    : checkList(options, query.has('sendInitialEvents'));
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

function checkList(options: ListOptions, initialEvents: boolean): FieldError[] {
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
  if (initialEvents) errors.push(forbid('sendInitialEvents', 'sendInitialEvents is forbidden for list'));
  return errors;
}

/** Initial events are refused as by a server that does not know them, so that clients list first. */
function checkWatch(options: ListOptions, initialEvents: boolean): FieldError[] {
  const { resourceVersionMatch: match } = options;
  const field = 'resourceVersionMatch';
  const errors: FieldError[] = [];
  if (initialEvents) {
    if (match !== 'NotOlderThan') {
      errors.push(forbid(field, `sendInitialEvents requires setting ${field} to NotOlderThan`));
    }
    const why = 'sendInitialEvents is forbidden for watch unless the WatchList feature gate is enabled';
    errors.push(forbid('sendInitialEvents', why));
  }
  if (match !== '') {
    if (!initialEvents)
      errors.push(forbid(field, `${field} is forbidden for watch unless sendInitialEvents is provided`));
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
