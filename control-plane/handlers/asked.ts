/** Who asks, and how admission can speak to him and to the audit log. */
import { addWarnings } from '../http/respond.ts';
import type { Exchange } from '../http/exchange.ts';
import type { User } from '../user.ts';

export interface Asking {
  readonly user?: User;
  /** Warns the client. */
  readonly warn: (text: string) => void;
  /** Notes something beside the request in the audit log; absent where there is none. */
  readonly annotate?: (key: string, value: string) => void;
}

export function askedBy(exchange: Exchange): Asking {
  const { user, trail } = exchange;
  return {
    ...(user ? { user } : {}),
    warn: (text) => addWarnings(exchange, [text]),
    ...(trail ? { annotate: (key, value) => trail.annotate(key, value) } : {}),
  };
}
