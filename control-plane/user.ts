/** Who asks. */

export interface User {
  readonly name: string;
  readonly uid?: string;
  readonly groups: readonly string[];
  /** What else is known of him; the keys are in lower case. */
  readonly extra?: Readonly<Record<string, readonly string[]>>;
}

export const GROUPS = {
  /** May do everything. */
  masters: 'system:masters',
  nodes: 'system:nodes',
  /** Everybody who is known. */
  authenticated: 'system:authenticated',
  /** Everybody else. */
  unauthenticated: 'system:unauthenticated',
  /** Every service account; those of one namespace are in a group of its name below this one. */
  serviceAccounts: 'system:serviceaccounts',
  bootstrappers: 'system:bootstrappers',
} as const;

/** Who does not say who he is. */
export const ANONYMOUS: User = { name: 'system:anonymous', groups: [GROUPS.unauthenticated] };

/** What the servers' certificates are made for. The authority signs it for nobody else. */
export const SERVER_USER = 'dure-server';

const NODE_PREFIX = 'system:node:';
const ACCOUNT_PREFIX = 'system:serviceaccount:';

/** The agent of a node. */
export function nodeUser(nodeName: string): User {
  return { name: NODE_PREFIX + nodeName, groups: [GROUPS.nodes] };
}

/** The node whose agent this user is; undefined for everybody else. */
export function nodeNameOf(user: User): string | undefined {
  return user.groups.includes(GROUPS.nodes) && user.name.startsWith(NODE_PREFIX)
    ? user.name.slice(NODE_PREFIX.length)
    : undefined;
}

/** The user name of a service account. */
export function accountUser(namespace: string, name: string): string {
  return `${ACCOUNT_PREFIX}${namespace}:${name}`;
}

/** The groups of every service account of a namespace. */
export function accountGroups(namespace: string): string[] {
  return [GROUPS.serviceAccounts, `${GROUPS.serviceAccounts}:${namespace}`];
}

/** The service account that a user name means; undefined when it means none. */
export function accountOf(userName: string): { namespace: string; name: string } | undefined {
  if (!userName.startsWith(ACCOUNT_PREFIX)) return undefined;
  const [namespace = '', name = '', ...more] = userName.slice(ACCOUNT_PREFIX.length).split(':');
  return namespace !== '' && name !== '' && more.length === 0 ? { namespace, name } : undefined;
}
