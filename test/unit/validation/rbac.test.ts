import assert from 'node:assert/strict';
import { defaultBinding, defaultRole } from '../../../api/defaults/rbac.ts';
import type { FieldError } from '../../../api/errors.ts';
import { checkPathSegment } from '../../../api/machinery/names.ts';
import type { ClusterRole, PolicyRule, Role, RoleBinding, Subject } from '../../../api/types/rbac.v1.ts';
import {
  validateBindingUpdate,
  validateClusterRole,
  validateClusterRoleBinding,
  validateRole,
  validateRoleBinding,
} from '../../../api/validation/rbac.ts';

const GROUP = 'rbac.authorization.k8s.io';
const lines = (errors: readonly FieldError[]): string[] => errors.map(({ field, message }) => `${field}: ${message}`);
const metadata = { name: 'x', namespace: 'default' };

describe('validation of roles', () => {
  const inRole = (rule: PolicyRule): string[] => lines(validateRole({ metadata, rules: [rule] }));
  const inClusterRole = (rule: PolicyRule): string[] => lines(validateClusterRole({ metadata, rules: [rule] }));

  it('rules about resources', () => {
    const rule = { verbs: ['get'], apiGroups: [''], resources: ['pods', 'secrets'], resourceNames: ['a'] };
    assert.deepEqual(inRole(rule), []);
    assert.deepEqual(inRole({} as PolicyRule), [
      'rules[0].verbs: Required value: verbs must contain at least one value',
      'rules[0].apiGroups: Required value: resource rules must supply at least one api group',
      'rules[0].resources: Required value: resource rules must supply at least one resource',
    ]);
  });

  it('rules about paths', () => {
    const rule = { verbs: ['get'], nonResourceURLs: ['/metrics'] };
    assert.deepEqual(inClusterRole(rule), []);
    const never = 'rules[0].nonResourceURLs: Invalid value: ["/metrics"]: ';
    assert.deepEqual(inRole(rule), [`${never}namespaced rules cannot apply to non-resource URLs`]);
    assert.deepEqual(inClusterRole({ ...rule, resources: ['pods'] }), [
      `${never}rules cannot apply to both regular resources and non-resource URLs`,
    ]);
  });

  it('rules of aggregation', () => {
    const of = (aggregationRule: ClusterRole['aggregationRule']): string[] =>
      lines(validateClusterRole({ metadata, rules: [], aggregationRule } as ClusterRole));
    assert.deepEqual(of({ clusterRoleSelectors: [{ matchLabels: { a: 'b' } }] }), []);
    assert.deepEqual(of({}), [
      'aggregationRule.clusterRoleSelectors: Required value: at least one clusterRoleSelector required if aggregationRule is non-nil',
    ]);
    assert.match(
      of({ clusterRoleSelectors: [{ matchLabels: { 'a b': 'c' } }] })[0] ?? '',
      /^aggregationRule\.clusterRoleSelectors\[0\]\.matchLabels: Invalid value/,
    );
  });

  it('names that need only fit into a path', () => {
    assert.deepEqual(checkPathSegment('system:node:x y'), []);
    assert.deepEqual(checkPathSegment('..'), ["may not be '..'"]);
    assert.deepEqual(checkPathSegment('a/b%'), ["may not contain '/'", "may not contain '%'"]);
  });

  it('with no rules at all say so', () => {
    const role = { metadata } as Role;
    defaultRole(role);
    assert.equal(JSON.stringify(role.rules), 'null');
    assert.deepEqual(validateRole(role), []);
  });
});

describe('validation of bindings', () => {
  function binding(subject: Partial<Subject>, roleRef: object = { kind: 'ClusterRole', name: 'r' }): RoleBinding {
    const object = { metadata, roleRef, subjects: [subject] } as RoleBinding;
    defaultBinding(object);
    return object;
  }

  const cases: [string, Partial<Subject>, string[], string[]?][] = [
    ['a user', { kind: 'User', name: 'ann' }, []],
    ['a group', { kind: 'Group', name: 'devs' }, []],
    ['a service account', { kind: 'ServiceAccount', name: 'bot' }, [], ['subjects[0].namespace: Required value']],
    ['a service account elsewhere', { kind: 'ServiceAccount', name: 'bot', namespace: 'a' }, []],
    ['nobody', { kind: 'User', name: '' }, ['subjects[0].name: Required value']],
    [
      'a user of another group',
      { kind: 'User', name: 'ann', apiGroup: 'x' },
      [`subjects[0].apiGroup: Unsupported value: "x": supported values: "${GROUP}"`],
    ],
    [
      'something else',
      { kind: 'Pod', name: 'p' },
      ['subjects[0].kind: Unsupported value: "Pod": supported values: "ServiceAccount", "User", "Group"'],
    ],
  ];
  for (const [who, subject, wrong, wrongForAll = wrong] of cases) {
    it(`to ${who}`, () => {
      assert.deepEqual(lines(validateRoleBinding(binding(subject))), wrong);
      assert.deepEqual(lines(validateClusterRoleBinding(binding(subject))), wrongForAll);
    });
  }

  it('of a role', () => {
    const ann = { kind: 'User', name: 'ann' };
    assert.deepEqual(validateRoleBinding(binding(ann, { kind: 'Role', name: 'r' })), []);
    assert.deepEqual(lines(validateClusterRoleBinding(binding(ann, { kind: 'Role', name: 'r' }))), [
      'roleRef.kind: Unsupported value: "Role": supported values: "ClusterRole"',
    ]);
    assert.deepEqual(lines(validateRoleBinding(binding(ann, { kind: 'Role', name: 'a/b', apiGroup: 'x' }))), [
      `roleRef.apiGroup: Unsupported value: "x": supported values: "${GROUP}"`,
      `roleRef.name: Invalid value: "a/b": may not contain '/'`,
    ]);
    assert.deepEqual(lines(validateRoleBinding({ metadata } as RoleBinding)), [
      `roleRef.apiGroup: Unsupported value: "": supported values: "${GROUP}"`,
      'roleRef.kind: Unsupported value: "": supported values: "Role", "ClusterRole"',
      'roleRef.name: Required value',
    ]);
  });

  it('that changes may give its role to others, but no other role', () => {
    const before = binding({ kind: 'User', name: 'ann' });
    assert.deepEqual(validateBindingUpdate(binding({ kind: 'User', name: 'bob' }), before), []);
    const other = binding({ kind: 'User', name: 'ann' }, { kind: 'ClusterRole', name: 's' });
    assert.deepEqual(lines(validateBindingUpdate(other, before)), [
      `roleRef: Invalid value: {"kind":"ClusterRole","name":"s","apiGroup":"${GROUP}"}: cannot change roleRef`,
    ]);
  });
});
