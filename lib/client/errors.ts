/** What can go wrong between a client and the API. */

/** The part of a Status that clients look at. */
export interface FailureStatus {
  readonly message?: string;
  readonly reason?: string;
  readonly code?: number;
  readonly details?: {
    readonly name?: string;
    readonly kind?: string;
    readonly retryAfterSeconds?: number;
    readonly causes?: readonly { readonly reason?: string; readonly message?: string; readonly field?: string }[];
  };
}

/** The server answered, and the answer is no. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  /** The HTTP status. */
  readonly code: number;
  /** Such as NotFound; '' when the server gave none. */
  readonly reason: string;
  readonly status: FailureStatus;

  constructor(code: number, status: FailureStatus) {
    super(status.message ?? `the server answered ${code}`);
    this.code = code;
    this.reason = status.reason ?? '';
    this.status = status;
  }
}

/** No answer: the server can't be reached, or the connection broke. A write may or may not have happened. */
export class ConnectionError extends Error {
  override readonly name = 'ConnectionError';
}

/** The error in the body of an answer; whatever the body is. */
export function errorOf(code: number, body: Buffer): ApiError {
  const text = body.toString();
  try {
    const status: unknown = JSON.parse(text);
    if (typeof status === 'object' && status !== null) return new ApiError(code, status);
  } catch {
    // Not from the API itself, such as a proxy's page: its text is the message.
  }
  return new ApiError(code, { code, message: text.trim().slice(0, 1000) || `the server answered ${code}` });
}
