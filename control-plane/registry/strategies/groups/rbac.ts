/** rbac.authorization.k8s.io */
import type { rbacKinds } from '../../../../api/kinds/rbac.ts';
import type { StrategiesOf } from '../../strategy.ts';
import { clusterRoleBindingStrategy, clusterRoleStrategy, roleBindingStrategy, roleStrategy } from '../rbac.ts';

export const rbacStrategies: StrategiesOf<typeof rbacKinds> = {
  clusterroles: clusterRoleStrategy,
  clusterrolebindings: clusterRoleBindingStrategy,
  roles: roleStrategy,
  rolebindings: roleBindingStrategy,
};
