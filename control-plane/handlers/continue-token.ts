/** Where a list that was cut by `limit` goes on: at which revision, after which key. */
import { badRequest } from '../../api/errors.ts';

export interface ContinueToken {
  /** -1: whatever is there now; given out when the first page's revision is gone. */
  readonly revision: number;
  /** `namespace/name`, or `name`: the last one sent. */
  readonly after: string;
}

const VERSION = 'meta.k8s.io/v1';

export function encodeContinue({ revision, after }: ContinueToken): string {
  return Buffer.from(JSON.stringify({ v: VERSION, rv: revision, start: after })).toString('base64url');
}

/** Throws BadRequest for what this server did not make. */
export function decodeContinue(text: string): ContinueToken {
  const { v, rv, start } = parse(text);
  if (v !== VERSION) throw badRequest(`continue key is not valid: unrecognized encoded version ${JSON.stringify(v)}`);
  if (typeof start !== 'string' || start === '') throw badRequest('continue key is not valid: encoded start key empty');
  if (typeof rv !== 'number' || !Number.isSafeInteger(rv) || (rv < 1 && rv !== -1)) {
    throw badRequest('continue key is not valid: incorrect encoded start resourceVersion');
  }
  if (start.includes('..') || start.startsWith('/')) throw badRequest(`invalid continue token`);
  return { revision: rv, after: start };
}

function parse(text: string): Partial<Record<'v' | 'rv' | 'start', unknown>> {
  try {
    const value: unknown = JSON.parse(Buffer.from(text, 'base64url').toString());
    if (typeof value === 'object' && value !== null) return value;
  } catch {
    // Not JSON: said below.
  }
  throw badRequest('continue key is not valid: it was not made by this server');
}
