/** The roles and bindings that every cluster has, as objects. */
import { apiVersionOf, kinds } from '../../../../api/kinds.ts';
import { RBAC_GROUP } from '../../../../api/kinds/rbac.ts';
import type { ObjectMeta } from '../../../../api/types/meta.v1.ts';
import type {
  ClusterRole,
  ClusterRoleBinding,
  PolicyRule,
  Role,
  RoleBinding,
  Subject,
} from '../../../../api/types/rbac.v1.ts';
import { GROUPS } from '../../../user.ts';
import { READ, toNamed } from './rule.ts';
import { SYSTEM_ROLES } from './system.ts';
import { ADMIN_RULES, EDIT_RULES, VIEW_RULES } from './users.ts';

/** Set to `false` on a role or binding that shall stay as it is. */
export const AUTOUPDATE = 'rbac.authorization.kubernetes.io/autoupdate';

const API_VERSION = apiVersionOf(kinds.clusterroles);
const CONTROLLER_MANAGER = user('system:kube-controller-manager');
const SCHEDULER = user('system:kube-scheduler');

export const DEFAULT_CLUSTER_ROLES: readonly ClusterRole[] = [
  ...Object.entries(SYSTEM_ROLES).map(([name, rules]) => clusterRole(name, rules)),
  gathered('admin'),
  gathered('edit', 'admin'),
  gathered('view', 'edit'),
  clusterRole('system:aggregate-to-admin', ADMIN_RULES, 'admin'),
  clusterRole('system:aggregate-to-edit', EDIT_RULES, 'edit'),
  clusterRole('system:aggregate-to-view', VIEW_RULES, 'view'),
];

export const DEFAULT_CLUSTER_ROLE_BINDINGS: readonly ClusterRoleBinding[] = [
  clusterRoleBinding('cluster-admin', group(GROUPS.masters)),
  clusterRoleBinding('system:basic-user', group(GROUPS.authenticated)),
  clusterRoleBinding('system:discovery', group(GROUPS.authenticated)),
  clusterRoleBinding('system:public-info-viewer', group(GROUPS.authenticated), group(GROUPS.unauthenticated)),
  clusterRoleBinding('system:monitoring', group('system:monitoring')),
  clusterRoleBinding('system:service-account-issuer-discovery', group(GROUPS.serviceAccounts)),
  clusterRoleBinding('system:kube-controller-manager', CONTROLLER_MANAGER),
  clusterRoleBinding('system:kube-scheduler', SCHEDULER),
  clusterRoleBinding('system:volume-scheduler', SCHEDULER),
  clusterRoleBinding('system:node-proxier', user('system:kube-proxy')),
  // To nobody: nodes have the node authorizer.
  clusterRoleBinding('system:node'),
];

const AUTHENTICATION_READER = 'extension-apiserver-authentication-reader';
const SYSTEM = 'kube-system';

/** By which API servers of others learn how to authenticate. */
export const DEFAULT_ROLES: readonly Role[] = [
  {
    apiVersion: API_VERSION,
    kind: 'Role',
    metadata: metadata(AUTHENTICATION_READER, SYSTEM),
    rules: [toNamed(READ, '', 'configmaps', 'extension-apiserver-authentication')],
  },
];

export const DEFAULT_ROLE_BINDINGS: readonly RoleBinding[] = [
  {
    apiVersion: API_VERSION,
    kind: 'RoleBinding',
    metadata: metadata(`system::${AUTHENTICATION_READER}`, SYSTEM),
    roleRef: { apiGroup: RBAC_GROUP, kind: 'Role', name: AUTHENTICATION_READER },
    subjects: [CONTROLLER_MANAGER, SCHEDULER],
  },
];

function metadata(name: string, namespace?: string, labels?: Record<string, string>): ObjectMeta {
  return {
    name,
    ...(namespace === undefined ? {} : { namespace }),
    annotations: { [AUTOUPDATE]: 'true' },
    labels: { 'kubernetes.io/bootstrapping': 'rbac-defaults', ...labels },
  };
}

function aggregation(to: string): Record<string, string> {
  return { [`rbac.authorization.k8s.io/aggregate-to-${to}`]: 'true' };
}

function clusterRole(name: string, rules: readonly PolicyRule[], part?: string): ClusterRole {
  const labels = part === undefined ? {} : aggregation(part);
  return {
    apiVersion: API_VERSION,
    kind: 'ClusterRole',
    metadata: metadata(name, undefined, labels),
    rules: [...rules],
  };
}

/** A role whose rules are gathered from those that carry its label; perhaps a part of another one itself. */
function gathered(name: string, part?: string): ClusterRole {
  const clusterRoleSelectors = [{ matchLabels: aggregation(name) }];
  return { ...clusterRole(name, [], part), aggregationRule: { clusterRoleSelectors } };
}

function clusterRoleBinding(name: string, ...subjects: Subject[]): ClusterRoleBinding {
  return {
    apiVersion: API_VERSION,
    kind: 'ClusterRoleBinding',
    metadata: metadata(name),
    roleRef: { apiGroup: RBAC_GROUP, kind: 'ClusterRole', name },
    ...(subjects.length > 0 ? { subjects } : {}),
  };
}

function user(name: string): Subject {
  return { apiGroup: RBAC_GROUP, kind: 'User', name };
}

function group(name: string): Subject {
  return { apiGroup: RBAC_GROUP, kind: 'Group', name };
}
