/** Defaults of roles and bindings (rbac.authorization.k8s.io/v1). */
import { RBAC_GROUP } from '../kinds/rbac.ts';
import type { ClusterRole, ClusterRoleBinding, Role, RoleBinding } from '../types/rbac.v1.ts';

/** A role without rules says so: clients read `rules: null`. */
export function defaultRole(role: Role | ClusterRole): void {
  role.rules ??= null as never;
}

export function defaultBinding(binding: RoleBinding | ClusterRoleBinding): void {
  if (binding.roleRef && !binding.roleRef.apiGroup) binding.roleRef.apiGroup = RBAC_GROUP;
  for (const subject of binding.subjects ?? []) {
    if (subject.apiGroup || (subject.kind !== 'User' && subject.kind !== 'Group')) continue;
    subject.apiGroup = RBAC_GROUP;
  }
}
