/** The Status with which a stream ends: the one frame on its error channel. */
import { StatusError } from '../../api/errors.ts';
import { RuntimeError } from '../runtime/port.ts';

export const SUCCESS = Buffer.from(JSON.stringify({ metadata: {}, status: 'Success' }));

export function failure(message: string, code = 500, reason = 'InternalError'): Buffer {
  return Buffer.from(JSON.stringify(new StatusError({ code, reason, message }).toStatus()));
}

/** Any error as the Status of the stream that it ended. */
export function statusOf(error: unknown): Buffer {
  if (error instanceof StatusError) return Buffer.from(JSON.stringify(error.toStatus()));
  if (error instanceof RuntimeError && error.code === 'NotFound') return failure(error.message, 404, 'NotFound');
  return failure(error instanceof Error ? error.message : String(error));
}

export function notFound(message: string): StatusError {
  return new StatusError({ code: 404, reason: 'NotFound', message });
}

export function conflict(message: string): StatusError {
  return new StatusError({ code: 409, reason: 'Conflict', message });
}

export function badRequest(message: string): StatusError {
  return new StatusError({ code: 400, reason: 'BadRequest', message });
}
