/** Roles and bindings. Who may write which ones is admission's concern. */
import { defaultBinding, defaultRole } from '../../../api/defaults/rbac.ts';
import { checkPathSegment } from '../../../api/machinery/names.ts';
import type { ClusterRole, ClusterRoleBinding, Role, RoleBinding } from '../../../api/types/rbac.v1.ts';
import {
  validateBindingUpdate,
  validateClusterRole,
  validateClusterRoleBinding,
  validateRole,
  validateRoleBinding,
} from '../../../api/validation/rbac.ts';
import type { Strategy } from '../strategy.ts';

export const roleStrategy: Strategy<Role> = {
  checkName: checkPathSegment,
  createOnUpdate: true,
  applyDefaults: defaultRole,
  validate: validateRole,
};

export const clusterRoleStrategy: Strategy<ClusterRole> = {
  checkName: checkPathSegment,
  createOnUpdate: true,
  applyDefaults: defaultRole,
  validate: validateClusterRole,
};

export const roleBindingStrategy: Strategy<RoleBinding> = {
  checkName: checkPathSegment,
  createOnUpdate: true,
  applyDefaults: defaultBinding,
  validate: validateRoleBinding,
  validateUpdate: validateBindingUpdate,
};

export const clusterRoleBindingStrategy: Strategy<ClusterRoleBinding> = {
  checkName: checkPathSegment,
  createOnUpdate: true,
  applyDefaults: defaultBinding,
  validate: validateClusterRoleBinding,
  validateUpdate: validateBindingUpdate,
};
