/** Users by a bearer token that is known from the start. */
import { createHash } from 'node:crypto';
import { unauthorized } from '../../api/errors.ts';
import { header, type HttpRequest } from '../server/exchange.ts';
import type { Authenticator } from './authenticator.ts';
import type { User } from './user.ts';

const BEARER = /^Bearer +(\S+)$/i;

export class TokenAuthenticator implements Authenticator {
  /** By hash, so that how long a look-up takes tells nothing about a token. */
  private readonly users: ReadonlyMap<string, User>;

  constructor(options: { readonly users: ReadonlyMap<string, User> }) {
    this.users = new Map([...options.users].map(([token, user]) => [hash(token), user]));
  }

  authenticate(request: HttpRequest): User | undefined {
    const value = header(request, 'authorization');
    if (value === '') return undefined;
    const token = BEARER.exec(value)?.[1];
    const user = token === undefined ? undefined : this.users.get(hash(token));
    if (!user) throw unauthorized();
    return user;
  }
}

function hash(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}
