/** Errors, worded as kubectl words them. */
import { JsonPathError } from '../api/machinery/jsonpath-parse.ts';
import { ApiError, ConnectionError } from '../lib/client/errors.ts';
import { StatusError } from '../api/errors.ts';
import { CommandError, ManyErrors, SourceError, UsageError } from './errors.ts';
import type { Output } from './session.ts';

/** `command` is what was called, such as `dure get`. */
export function sayError(error: unknown, command: string, stderr: Output): void {
  stderr.write(`${errorText(error)}\n`);
  if (error instanceof UsageError) stderr.write(`See '${command} --help' for usage.\n`);
}

export function errorText(error: unknown): string {
  if (error instanceof ManyErrors) return error.errors.map(errorText).join('\n');
  const { cause, sources } = unwrapped(error);
  if (cause instanceof ApiError) return apiText(cause, sources);
  if (cause instanceof ConnectionError) return connectionText(cause);
  // A check that is the server's too, made here: it is about what the user gave.
  if (cause instanceof StatusError) return `error: ${sources}${cause.message}`;
  if (cause instanceof CommandError || cause instanceof JsonPathError) return `error: ${sources}${cause.message}`;
  if (cause instanceof Error && cause.name === 'TimeoutError') {
    return 'Unable to connect to the server: the request took longer than --request-timeout';
  }
  return `error: ${sources}${cause instanceof Error ? (cause.stack ?? cause.message) : String(cause)}`;
}

/** `sources` is such as `error when creating "x.yaml": `, or ''. */
function unwrapped(error: unknown): { cause: unknown; sources: string } {
  let sources = '';
  let cause = error;
  while (cause instanceof SourceError) {
    sources += `${cause.message}: `;
    cause = cause.cause;
  }
  return { cause, sources };
}

function apiText(error: ApiError, sources: string): string {
  if (error.reason === 'Unauthorized') return 'error: You must be logged in to the server (Unauthorized)';
  if (error.reason === 'Invalid' && error.status.details) return invalidText(error);
  const reason = error.reason === '' || error.reason === 'Unknown' ? '' : ` (${error.reason})`;
  return `Error from server${reason}: ${sources}${error.message}`;
}

function invalidText({ status: { details = {} } }: ApiError): string {
  const subject = details.kind ? `The ${details.kind} "${details.name ?? ''}" is invalid` : 'The request is invalid';
  const causes = (details.causes ?? []).map(({ field, message }) => (field ? `${field}: ${message}` : (message ?? '')));
  const different = [...new Set(causes)];
  if (different.length === 0) return subject;
  if (different.length === 1) return `${subject}: ${different[0]}`;
  return [`${subject}: `, ...different.map((line) => `* ${line}`)].join('\n');
}

function connectionText(error: ConnectionError): string {
  const { cause } = error;
  const code = (cause as NodeJS.ErrnoException | undefined)?.code;
  if (code === 'ECONNREFUSED') {
    const { address, port } = cause as { address?: string; port?: number };
    return `The connection to the server ${address}:${port} was refused - did you specify the right host or port?`;
  }
  return `Unable to connect to the server: ${error.message}`;
}
