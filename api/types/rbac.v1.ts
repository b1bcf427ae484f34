// Made by ../generate.ts; change the table, not this file.
import type * as meta_v1 from './meta.v1.ts';

export interface AggregationRule {
  clusterRoleSelectors?: meta_v1.LabelSelector[];
}

export interface ClusterRole extends meta_v1.TypeMeta {
  metadata: meta_v1.ObjectMeta;
  rules: PolicyRule[];
  aggregationRule?: AggregationRule;
}

export interface ClusterRoleBinding extends meta_v1.TypeMeta {
  metadata: meta_v1.ObjectMeta;
  subjects?: Subject[];
  roleRef: RoleRef;
}

export interface ClusterRoleBindingList extends meta_v1.TypeMeta {
  metadata: meta_v1.ListMeta;
  items: ClusterRoleBinding[];
}

export interface ClusterRoleList extends meta_v1.TypeMeta {
  metadata: meta_v1.ListMeta;
  items: ClusterRole[];
}

export interface PolicyRule {
  verbs: string[];
  apiGroups?: string[];
  resources?: string[];
  resourceNames?: string[];
  nonResourceURLs?: string[];
}

export interface Role extends meta_v1.TypeMeta {
  metadata: meta_v1.ObjectMeta;
  rules: PolicyRule[];
}

export interface RoleBinding extends meta_v1.TypeMeta {
  metadata: meta_v1.ObjectMeta;
  subjects?: Subject[];
  roleRef: RoleRef;
}

export interface RoleBindingList extends meta_v1.TypeMeta {
  metadata: meta_v1.ListMeta;
  items: RoleBinding[];
}

export interface RoleList extends meta_v1.TypeMeta {
  metadata: meta_v1.ListMeta;
  items: Role[];
}

export interface RoleRef {
  apiGroup: string;
  kind: string;
  name: string;
}

export interface Subject {
  kind: string;
  apiGroup?: string;
  name: string;
  namespace?: string;
}
