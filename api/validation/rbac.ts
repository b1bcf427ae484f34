/** Roles and bindings (rbac.authorization.k8s.io/v1). */
import type { FieldError } from '../errors.ts';
import { RBAC_GROUP } from '../kinds/rbac.ts';
import { sameJson } from '../machinery/json.ts';
import { checkDnsSubdomain, checkPathSegment } from '../machinery/names.ts';
import type { ClusterRole, ClusterRoleBinding, PolicyRule, Role, RoleBinding, Subject } from '../types/rbac.v1.ts';
import { FieldErrors } from './field-errors.ts';
import { validateLabelSelector } from './selectors.ts';

export function validateRole({ rules }: Role): FieldError[] {
  const errors = new FieldErrors();
  validateRules(errors, rules, true);
  return errors.list;
}

export function validateClusterRole({ rules, aggregationRule }: ClusterRole): FieldError[] {
  const errors = new FieldErrors();
  validateRules(errors, rules, false);
  if (!aggregationRule) return errors.list;
  const path = 'aggregationRule.clusterRoleSelectors';
  const selectors = aggregationRule.clusterRoleSelectors ?? [];
  if (selectors.length === 0)
    errors.required(path, 'at least one clusterRoleSelector required if aggregationRule is non-nil');
  selectors.forEach((selector, index) => validateLabelSelector(errors, selector, `${path}[${index}]`));
  return errors.list;
}

function validateRules(
  errors: FieldErrors,
  rules: readonly PolicyRule[] | null | undefined,
  namespaced: boolean,
): void {
  (rules ?? []).forEach((rule, index) => validateRule(errors, rule, `rules[${index}]`, namespaced));
}

function validateRule(errors: FieldErrors, rule: PolicyRule, path: string, namespaced: boolean): void {
  const { verbs, apiGroups = [], resources = [], resourceNames = [], nonResourceURLs = [] } = rule;
  if (!verbs?.length) errors.required(`${path}.verbs`, 'verbs must contain at least one value');
  if (nonResourceURLs.length > 0) {
    const urls = `${path}.nonResourceURLs`;
    if (namespaced) errors.invalid(urls, nonResourceURLs, 'namespaced rules cannot apply to non-resource URLs');
    if (apiGroups.length > 0 || resources.length > 0 || resourceNames.length > 0) {
      errors.invalid(urls, nonResourceURLs, 'rules cannot apply to both regular resources and non-resource URLs');
    }
    return;
  }
  if (apiGroups.length === 0) {
    errors.required(`${path}.apiGroups`, 'resource rules must supply at least one api group');
  }
  if (resources.length === 0) {
    errors.required(`${path}.resources`, 'resource rules must supply at least one resource');
  }
}

export function validateRoleBinding(binding: RoleBinding): FieldError[] {
  return validateBinding(binding, ['Role', 'ClusterRole'], true);
}

export function validateClusterRoleBinding(binding: ClusterRoleBinding): FieldError[] {
  return validateBinding(binding, ['ClusterRole'], false);
}

/** Whom a role is given to may change, which role it is may not. */
export function validateBindingUpdate(
  next: RoleBinding | ClusterRoleBinding,
  previous: RoleBinding | ClusterRoleBinding,
): FieldError[] {
  const errors = new FieldErrors();
  if (!sameJson(next.roleRef, previous.roleRef)) errors.invalid('roleRef', next.roleRef, 'cannot change roleRef');
  return errors.list;
}

function validateBinding(
  { roleRef, subjects }: RoleBinding | ClusterRoleBinding,
  kindsOfRole: readonly string[],
  namespaced: boolean,
): FieldError[] {
  const errors = new FieldErrors();
  const apiGroup = roleRef?.apiGroup ?? '';
  const kind = roleRef?.kind ?? '';
  const name = roleRef?.name ?? '';
  if (apiGroup !== RBAC_GROUP) errors.notSupported('roleRef.apiGroup', apiGroup, [RBAC_GROUP]);
  if (!kindsOfRole.includes(kind)) errors.notSupported('roleRef.kind', kind, kindsOfRole);
  if (name === '') errors.required('roleRef.name');
  else errors.check('roleRef.name', name, checkPathSegment);
  (subjects ?? []).forEach((subject, index) => validateSubject(errors, subject, `subjects[${index}]`, namespaced));
  return errors.list;
}

function validateSubject(errors: FieldErrors, subject: Subject, path: string, namespaced: boolean): void {
  const { apiGroup = '', namespace = '' } = subject;
  const kind = subject.kind ?? '';
  const name = subject.name ?? '';
  if (name === '') errors.required(`${path}.name`);
  switch (kind) {
    case 'ServiceAccount':
      if (name !== '') errors.check(`${path}.name`, name, checkDnsSubdomain);
      if (apiGroup !== '') errors.notSupported(`${path}.apiGroup`, apiGroup, ['']);
      if (!namespaced && namespace === '') errors.required(`${path}.namespace`);
      return;
    case 'User':
    case 'Group':
      if (apiGroup !== RBAC_GROUP) errors.notSupported(`${path}.apiGroup`, apiGroup, [RBAC_GROUP]);
      return;
    default:
      errors.notSupported(`${path}.kind`, kind, ['ServiceAccount', 'User', 'Group']);
  }
}
