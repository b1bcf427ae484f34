/** Ways to find out whose a bearer token is. */
import type { User } from '../../user.ts';

export interface Verified {
  readonly user: User;
  /** Those of the audiences asked for that the token is meant for. */
  readonly audiences: readonly string[];
}

/** The token is one of a verifier's kind and does not hold. The message may be told to whoever sent it. */
export class TokenError extends Error {
  override readonly name = 'TokenError';
}

export interface TokenVerifier {
  /**
   * undefined: the token is none of this kind. Rejects with {@link TokenError} when it is, and does not hold, or is meant for
   * none of `audiences`.
   */
  verify(token: string, audiences: readonly string[]): Promise<Verified | undefined>;
}
