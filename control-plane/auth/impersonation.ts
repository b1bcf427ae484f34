/** Asking in another's name: the Impersonate headers, each of which the true user must be allowed to use. */
import { badRequest } from '../../api/errors.ts';
import type { Exchange } from '../http/exchange.ts';
import type { RequestInfo, ResourceRequest } from '../http/request-info.ts';
import { authorize, type Authorizer } from './authorizer.ts';
import { accountGroups, accountOf, ANONYMOUS, GROUPS, type User } from '../user.ts';

const PREFIX = 'impersonate-';
const EXTRA = 'impersonate-extra-';
const AUTHENTICATION = 'authentication.k8s.io';

interface Wish {
  readonly user: string;
  readonly uid: string | undefined;
  readonly groups: readonly string[];
  readonly extra: ReadonlyMap<string, readonly string[]>;
}

/**
 * The user in whose name `exchange` is to be answered. Throws BadRequest for headers that don't fit together, and Forbidden
 * unless `user` may impersonate all that they name.
 */
export function impersonate(authorizers: readonly Authorizer[], user: User, exchange: Exchange): User {
  const names = Object.keys(exchange.request.headers);
  if (!names.some((name) => name.startsWith(PREFIX))) return user;
  const wish = readWish(exchange.request.rawHeaders);
  if (!wish) return user;
  for (const resource of resourcesOf(wish)) {
    authorize(authorizers, user, { ...exchange.info, verb: 'impersonate', resource } satisfies RequestInfo);
  }
  return userOf(wish);
}

/** `headers`: names and values in turn, as they came. A header of several values comes several times. */
function readWish(headers: readonly string[]): Wish | undefined {
  const values = new Map<string, string[]>();
  for (let index = 0; index + 1 < headers.length; index += 2) {
    const name = (headers[index] ?? '').toLowerCase();
    if (name.startsWith(PREFIX)) values.set(name, [...(values.get(name) ?? []), headers[index + 1] ?? '']);
  }
  const user = values.get('impersonate-user')?.[0] ?? '';
  const uid = values.get('impersonate-uid')?.[0] || undefined;
  const groups = values.get('impersonate-group') ?? [];
  const extra = extraOf(values);
  const others = [...groups, ...extra.keys(), ...(uid === undefined ? [] : [uid])];
  if (user === '' && others.length > 0) {
    throw badRequest(`requested [${others.join(' ')}] without impersonating a user`);
  }
  return user === '' ? undefined : { user, uid, groups, extra };
}

function extraOf(values: ReadonlyMap<string, readonly string[]>): Map<string, readonly string[]> {
  const entries = [...values].filter(([name]) => name.startsWith(EXTRA));
  return new Map(entries.map(([name, list]) => [unescaped(name.slice(EXTRA.length)), list]));
}

/** Keys may hold what no header's name may; one that is not escaped well is taken as it is. */
function unescaped(key: string): string {
  try {
    return decodeURIComponent(key);
  } catch {
    // Not escaped, then.
    return key;
  }
}

function resourcesOf({ user, uid, groups, extra }: Wish): ResourceRequest[] {
  const account = accountOf(user);
  return [
    account ? named('', 'serviceaccounts', account.name, { namespace: account.namespace }) : named('', 'users', user),
    ...groups.map((group) => named('', 'groups', group)),
    ...[...extra].flatMap(([subresource, list]) =>
      list.map((value) => named(AUTHENTICATION, 'userextras', value, { subresource })),
    ),
    ...(uid === undefined ? [] : [named(AUTHENTICATION, 'uids', uid)]),
  ];
}

function named(group: string, resource: string, name: string, more: Partial<ResourceRequest> = {}): ResourceRequest {
  return { group, version: 'v1', namespace: '', resource, subresource: '', name, ...more };
}

/** Groups that are named are all there are, but for the one that tells known users from unknown ones. */
function userOf({ user, uid, groups, extra }: Wish): User {
  const account = accountOf(user);
  const own = groups.length === 0 && account ? accountGroups(account.namespace) : groups;
  return {
    name: user,
    ...(uid === undefined ? {} : { uid }),
    groups: [...own, ...general(user, own)],
    extra: Object.fromEntries(extra),
  };
}

function general(user: string, groups: readonly string[]): string[] {
  if (groups.includes(GROUPS.unauthenticated)) return [];
  if (user === ANONYMOUS.name) return [GROUPS.unauthenticated];
  return groups.includes(GROUPS.authenticated) ? [] : [GROUPS.authenticated];
}
