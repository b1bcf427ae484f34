/** The catalogue of API errors: each is a Status object with Kubernetes' reason, code and causes. */
import type { Status, StatusCause, StatusDetails } from './types/meta.v1.ts';

export interface StatusFields {
  code: number;
  reason: string;
  message: string;
  details?: StatusDetails;
}

/** Thrown anywhere below the HTTP edge; written to the client as it is. */
export class StatusError extends Error {
  override readonly name = 'StatusError';
  readonly code: number;
  readonly reason: string;
  readonly details: StatusDetails | undefined;

  constructor(fields: StatusFields, options?: ErrorOptions) {
    super(fields.message, options);
    this.code = fields.code;
    this.reason = fields.reason;
    this.details = fields.details;
  }

  toStatus(): Status {
    return {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message: this.message,
      reason: this.reason,
      ...(this.details ? { details: this.details } : {}),
      code: this.code,
    };
  }
}

/** What an error is about: the resource (plural, as Kubernetes says it) and its group. */
export interface Subject {
  readonly group: string;
  readonly plural: string;
  readonly kind: string;
}

/** One thing wrong with one field. `type` is a cause of Kubernetes, such as FieldValueRequired. */
export interface FieldError {
  type:
    | 'FieldValueRequired'
    | 'FieldValueInvalid'
    | 'FieldValueNotSupported'
    | 'FieldValueDuplicate'
    | 'FieldValueForbidden'
    | 'FieldValueNotFound'
    | 'FieldValueTooLong'
    | 'FieldValueTooMany'
    | 'FieldValueTypeInvalid';
  /** Such as `spec.containers[0].image`. */
  field: string;
  /** Without the field, such as `Required value`, or `Invalid value: "A": must be lower case`. */
  message: string;
}

function resourceName(subject: Subject): string {
  return subject.group === '' ? subject.plural : `${subject.plural}.${subject.group}`;
}

function detailsOf(subject: Subject, name: string): StatusDetails {
  return {
    ...(name ? { name } : {}),
    ...(subject.group ? { group: subject.group } : {}),
    kind: subject.plural,
  };
}

/** Nothing is served there. */
export function notFoundPath(): StatusError {
  const message = 'the server could not find the requested resource';
  return new StatusError({ code: 404, reason: 'NotFound', message, details: {} });
}

export function notFound(subject: Subject, name: string): StatusError {
  return new StatusError({
    code: 404,
    reason: 'NotFound',
    message: `${resourceName(subject)} "${name}" not found`,
    details: detailsOf(subject, name),
  });
}

export function alreadyExists(subject: Subject, name: string): StatusError {
  return new StatusError({
    code: 409,
    reason: 'AlreadyExists',
    message: `${resourceName(subject)} "${name}" already exists`,
    details: detailsOf(subject, name),
  });
}

export function conflict(subject: Subject, name: string, why: string): StatusError {
  return new StatusError({
    code: 409,
    reason: 'Conflict',
    message: `Operation cannot be fulfilled on ${resourceName(subject)} "${name}": ${why}`,
    details: detailsOf(subject, name),
  });
}

/** Somebody else wrote first. */
export function modified(subject: Subject, name: string): StatusError {
  return conflict(
    subject,
    name,
    'the object has been modified; please apply your changes to the latest version and try again',
  );
}

export function invalid(subject: Subject, name: string, errors: readonly FieldError[]): StatusError {
  const causes: StatusCause[] = errors.map(({ type, field, message }) => ({ reason: type, message, field }));
  const lines = errors.map(({ field, message }) => `${field}: ${message}`);
  const what = lines.length === 1 ? lines[0] : `[${lines.join(', ')}]`;
  const qualifiedKind = subject.group === '' ? subject.kind : `${subject.kind}.${subject.group}`;
  return new StatusError({
    code: 422,
    reason: 'Invalid',
    message: `${qualifiedKind} "${name}" is invalid: ${what}`,
    details: {
      ...(name ? { name } : {}),
      ...(subject.group ? { group: subject.group } : {}),
      kind: subject.kind,
      causes,
    },
  });
}

export function badRequest(message: string): StatusError {
  return new StatusError({ code: 400, reason: 'BadRequest', message });
}

/** A patch that is well formed, but can't be applied to the object as it is. */
export function rejectedPatch(why: string): StatusError {
  return new StatusError({
    code: 422,
    reason: 'Invalid',
    message: `the server rejected our request due to an error in our request: ${why}`,
    details: {},
  });
}

export function unauthorized(): StatusError {
  return new StatusError({ code: 401, reason: 'Unauthorized', message: 'Unauthorized' });
}

export function forbidden(subject: Subject, name: string, why: string): StatusError {
  const named = name ? `${resourceName(subject)} "${name}"` : resourceName(subject);
  return new StatusError({
    code: 403,
    reason: 'Forbidden',
    message: `${named} is forbidden: ${why}`,
    details: detailsOf(subject, name),
  });
}

export function methodNotAllowed(subject: Subject, verb: string): StatusError {
  return new StatusError({
    code: 405,
    reason: 'MethodNotAllowed',
    message: `${verb} is not supported on resources of kind "${resourceName(subject)}"`,
    details: detailsOf(subject, ''),
  });
}

export function notAcceptable(offered: readonly string[]): StatusError {
  return new StatusError({
    code: 406,
    reason: 'NotAcceptable',
    message: `only the following media types are accepted: ${offered.join(', ')}`,
  });
}

export function unsupportedMediaType(accepted: readonly string[]): StatusError {
  return new StatusError({
    code: 415,
    reason: 'UnsupportedMediaType',
    message: `the body of the request was in an unknown format - accepted media types include: ${accepted.join(', ')}`,
  });
}

/** The revision asked for is gone; the client must list again. */
export function expired(message: string): StatusError {
  return new StatusError({ code: 410, reason: 'Expired', message });
}

export function tooLarge(message: string): StatusError {
  return new StatusError({ code: 413, reason: 'RequestEntityTooLarge', message });
}

export function tooManyRequests(message: string, retryAfterSeconds: number, causes?: StatusCause[]): StatusError {
  return new StatusError({
    code: 429,
    reason: 'TooManyRequests',
    message,
    details: { retryAfterSeconds, ...(causes ? { causes } : {}) },
  });
}

export function internalError(cause: unknown): StatusError {
  const text = cause instanceof Error ? cause.message : String(cause);
  return new StatusError(
    {
      code: 500,
      reason: 'InternalError',
      message: `Internal error occurred: ${text}`,
      details: { causes: [{ message: text }] },
    },
    { cause },
  );
}

export function serviceUnavailable(message: string): StatusError {
  return new StatusError({ code: 503, reason: 'ServiceUnavailable', message, details: { retryAfterSeconds: 1 } });
}

/** Something behind the server can't be reached. Clients are not asked to try again: it is not the server that recovers. */
export function unreachable(message: string): StatusError {
  return new StatusError({ code: 503, reason: 'ServiceUnavailable', message });
}

/** The request took longer than the server lets it; it may have been carried out. */
export function timeout(message: string, retryAfterSeconds = 1): StatusError {
  return new StatusError({ code: 504, reason: 'Timeout', message, details: { retryAfterSeconds } });
}

export function isStatusError(error: unknown, reason: string): error is StatusError {
  return error instanceof StatusError && error.reason === reason;
}

/** The revision is still to come; clients know it by the cause. */
export function tooLargeResourceVersion(revision: number, current: number): StatusError {
  return new StatusError({
    code: 504,
    reason: 'Timeout',
    message: `Too large resource version: ${revision}, current: ${current}`,
    details: {
      retryAfterSeconds: 1,
      causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
    },
  });
}
