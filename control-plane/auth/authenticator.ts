/** Finds out who asks. Each way of proving it is an authenticator; the first that recognises its kind of proof decides. */
import { unauthorized } from '../../api/errors.ts';
import type { HttpRequest } from '../http/exchange.ts';
import { GROUPS, type User } from '../user.ts';

export interface Authenticator {
  /** undefined: this request carries no proof of this kind. Throws Unauthorized when the proof is wrong. */
  authenticate(request: HttpRequest): Promise<User | undefined> | User | undefined;
}

/** Asks each in turn. Throws Unauthorized when none knows the user. */
export async function authenticate(authenticators: readonly Authenticator[], request: HttpRequest): Promise<User> {
  for (const authenticator of authenticators) {
    const user = await authenticator.authenticate(request);
    if (user) return { ...user, groups: [...user.groups, GROUPS.authenticated] };
  }
  throw unauthorized();
}
