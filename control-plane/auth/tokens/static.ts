/** Tokens that are known from the start. */
import { createHash } from 'node:crypto';
import type { User } from '../../user.ts';
import { TokenError, type TokenVerifier, type Verified } from './port.ts';

export class StaticTokens implements TokenVerifier {
  /** By hash, so that how long a look-up takes tells nothing about a token. */
  private readonly users: ReadonlyMap<string, User>;
  private readonly audiences: readonly string[];

  /** `audiences`: those of this API, for which alone these tokens are. */
  constructor(options: { readonly users: ReadonlyMap<string, User>; readonly audiences: readonly string[] }) {
    this.users = new Map([...options.users].map(([token, user]) => [hash(token), user]));
    this.audiences = options.audiences;
  }

  verify(token: string, audiences: readonly string[]): Promise<Verified | undefined> {
    const user = this.users.size > 0 ? this.users.get(hash(token)) : undefined;
    if (!user) return Promise.resolve(undefined);
    return Promise.resolve({ user, audiences: forThisApi(this.audiences, audiences) });
  }
}

/** Of a token that names no audience: it is for this API. Throws {@link TokenError} when that was not asked for. */
export function forThisApi(own: readonly string[], asked: readonly string[]): string[] {
  const meant = asked.filter((audience) => own.includes(audience));
  if (meant.length === 0) throw new TokenError('the token is not meant for the target audiences');
  return meant;
}

function hash(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}
