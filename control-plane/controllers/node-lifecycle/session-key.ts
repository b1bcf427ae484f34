/** Where the store says that a node's agent is connected to a server: no such key, no session. */
export const SESSIONS = '/dure/sessions/';

export function sessionKey(node: string): string {
  return SESSIONS + node;
}
