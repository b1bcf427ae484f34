/** Who asks. */

export interface User {
  readonly name: string;
  readonly groups: readonly string[];
}

export const GROUPS = {
  /** May do everything. */
  masters: 'system:masters',
  nodes: 'system:nodes',
  /** Everybody who is known. */
  authenticated: 'system:authenticated',
} as const;

/** What the servers' certificates are made for. The authority signs it for nobody else. */
export const SERVER_USER = 'dure-server';

const NODE_PREFIX = 'system:node:';

/** The node whose agent this user is; undefined for everybody else. */
export function nodeNameOf(user: User): string | undefined {
  return user.groups.includes(GROUPS.nodes) && user.name.startsWith(NODE_PREFIX)
    ? user.name.slice(NODE_PREFIX.length)
    : undefined;
}
