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

const NODE_PREFIX = 'system:node:';

/** The node whose agent this user is; undefined for everybody else. */
export function nodeNameOf(user: User): string | undefined {
  return user.groups.includes(GROUPS.nodes) && user.name.startsWith(NODE_PREFIX)
    ? user.name.slice(NODE_PREFIX.length)
    : undefined;
}
