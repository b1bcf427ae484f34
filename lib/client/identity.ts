/** The headers that say who asks, and in whose name. A client certificate says it by the connection instead. */
import type { ClusterAccess } from './cluster.ts';

export function identityHeaders({ token, impersonate }: ClusterAccess): Record<string, string | string[]> {
  return {
    ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    ...(impersonate?.user === undefined ? {} : { 'impersonate-user': impersonate.user }),
    ...(impersonate?.uid === undefined ? {} : { 'impersonate-uid': impersonate.uid }),
    ...(impersonate?.groups?.length ? { 'impersonate-group': [...impersonate.groups] } : {}),
  };
}
