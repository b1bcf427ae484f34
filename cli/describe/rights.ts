/** Roles and their bindings. */
import type { ClusterRole, ClusterRoleBinding, PolicyRule, Role, RoleBinding } from '../../api/types/rbac.v1.ts';
import { RULE_HEADS, ruleRows } from '../auth/rules.ts';
import { annotationLines, labelLines, tableLines, type Lines } from './common.ts';

export function describeRole(role: Role | ClusterRole): Lines {
  // Lists may be null on the wire.
  const rules: readonly PolicyRule[] = role.rules ?? [];
  const rows = ruleRows({
    resourceRules: rules.filter(({ resources }) => resources?.length),
    nonResourceRules: rules.filter(({ nonResourceURLs }) => nonResourceURLs?.length),
    incomplete: false,
  });
  return [
    `Name:\t${role.metadata.name}`,
    ...labelLines(role),
    ...annotationLines(role),
    'PolicyRule:',
    ...tableLines(RULE_HEADS, rows),
  ];
}

export function describeBinding(binding: RoleBinding | ClusterRoleBinding): Lines {
  const { roleRef, subjects } = binding;
  return [
    `Name:\t${binding.metadata.name}`,
    ...labelLines(binding),
    ...annotationLines(binding),
    'Role:',
    `  Kind:\t${roleRef.kind}`,
    `  Name:\t${roleRef.name}`,
    'Subjects:',
    ...tableLines(
      ['Kind', 'Name', 'Namespace'],
      (subjects ?? []).map(({ kind, name, namespace = '' }) => [kind, name, namespace]),
    ),
  ];
}
