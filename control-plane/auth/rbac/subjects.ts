/** Whom bindings give their role to, as the keys of an index. */
import type { ClusterRoleBinding, RoleBinding, Subject } from '../../../api/types/rbac.v1.ts';
import { accountUser, type User } from '../../user.ts';

export const SUBJECT_INDEX = 'subject';

/** The keys under which a user's bindings are found: its own and those of its groups. */
export function keysOfUser({ name, groups }: User): string[] {
  return [`User ${name}`, ...groups.map((group) => `Group ${group}`)];
}

/** A service account is found as the user that it is. undefined for what nobody is. */
export function keyOfSubject({ kind, name, namespace }: Subject, bindingNamespace: string): string | undefined {
  if (kind === 'User' || kind === 'Group') return `${kind} ${name}`;
  const of = namespace || bindingNamespace;
  return kind === 'ServiceAccount' && of !== '' ? `User ${accountUser(of, name)}` : undefined;
}

/** Of a role binding `NAMESPACE KEY`, of a cluster role binding the key alone. */
export function bindingIndex({ subjects, metadata }: RoleBinding | ClusterRoleBinding): string[] {
  const { namespace = '' } = metadata;
  const keys = (subjects ?? []).flatMap((subject) => keyOfSubject(subject, namespace) ?? []);
  return namespace === '' ? keys : keys.map((key) => namespacedKey(namespace, key));
}

export function namespacedKey(namespace: string, key: string): string {
  return `${namespace} ${key}`;
}
