/** rbac.authorization.k8s.io */
import type { ClusterRole, ClusterRoleBinding, Role, RoleBinding } from '../types/rbac.v1.ts';
import { kind } from './kind.ts';

export const RBAC_GROUP = 'rbac.authorization.k8s.io';
const RBAC = 'io.k8s.api.rbac.v1';

export const rbacKinds = {
  clusterroles: kind<ClusterRole>({
    group: RBAC_GROUP,
    kind: 'ClusterRole',
    plural: 'clusterroles',
    namespaced: false,
    schema: `${RBAC}.ClusterRole`,
  }),
  clusterrolebindings: kind<ClusterRoleBinding>({
    group: RBAC_GROUP,
    kind: 'ClusterRoleBinding',
    plural: 'clusterrolebindings',
    namespaced: false,
    schema: `${RBAC}.ClusterRoleBinding`,
  }),
  roles: kind<Role>({ group: RBAC_GROUP, kind: 'Role', plural: 'roles', schema: `${RBAC}.Role` }),
  rolebindings: kind<RoleBinding>({
    group: RBAC_GROUP,
    kind: 'RoleBinding',
    plural: 'rolebindings',
    schema: `${RBAC}.RoleBinding`,
  }),
};
