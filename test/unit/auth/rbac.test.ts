import assert from 'node:assert/strict';
import fc from 'fast-check';
import { kinds } from '../../../api/kinds.ts';
import type { Attributes } from '../../../control-plane/auth/attributes.ts';
import { decide } from '../../../control-plane/auth/authorizer.ts';
import { describeRights, missingRights, rightsOf } from '../../../api/machinery/rights.ts';
import { RbacAuthorizer } from '../../../control-plane/auth/rbac/rbac.ts';
import { RuleResolver } from '../../../control-plane/auth/rbac/resolver.ts';
import {
  anyPolicy,
  anyRequest,
  anyUser,
  clusterRole,
  clusterRoleBinding,
  naivelyAllows,
  request,
  role,
  roleBinding,
  Rules,
  rulesOf,
} from './rules.ts';

const ANN = { name: 'ann', groups: ['devs'] };
const READ_PODS = { verbs: ['get'], apiGroups: [''], resources: ['pods'] };

function authorizerOf(rules: Rules): RbacAuthorizer {
  return new RbacAuthorizer({ resolver: new RuleResolver(rules) });
}

describe('RBAC', () => {
  it('decides as a walk over every binding would', () => {
    fc.assert(
      fc.property(anyPolicy, anyUser, anyRequest, (policy, user, wanted) => {
        const rules = rulesOf(policy);
        const allowed = authorizerOf(rules).authorize(user, wanted).verdict === 'allow';
        assert.equal(allowed, naivelyAllows(rules, user, wanted));
      }),
      { numRuns: 2000 },
    );
  });

  it('says by which binding somebody may, and which role is missing when he may not', () => {
    const rules = new Rules()
      .add(kinds.roles, role('a', 'reader', READ_PODS))
      .add(kinds.rolebindings, roleBinding('a', 'readers', 'Role', 'reader', { kind: 'Group', name: 'devs' }))
      .add(kinds.rolebindings, roleBinding('a', 'bots', 'Role', 'reader', { kind: 'ServiceAccount', name: 'bot' }))
      .add(kinds.clusterrolebindings, clusterRoleBinding('broken', 'gone', { kind: 'User', name: 'ann' }));
    const authorizer = authorizerOf(rules);
    const by = (name: string): string =>
      authorizer.authorize({ name, groups: name === 'ann' ? ['devs'] : [] }, request('get', 'pods', 'a')).reason;
    assert.equal(by('ann'), 'RBAC: allowed by RoleBinding "readers/a" of Role "reader" to Group "devs"');
    assert.equal(
      by('system:serviceaccount:a:bot'),
      'RBAC: allowed by RoleBinding "bots/a" of Role "reader" to ServiceAccount "bot/a"',
    );
    assert.deepEqual(authorizer.authorize(ANN, request('get', 'pods', 'b')), {
      verdict: 'none',
      reason: 'RBAC: clusterroles.rbac.authorization.k8s.io "gone" not found',
    });
  });

  it('follows bindings and roles as they come and go', () => {
    const rules = new Rules().add(kinds.clusterroles, clusterRole('reader', READ_PODS));
    const authorizer = authorizerOf(rules);
    const may = (): boolean => authorizer.authorize(ANN, request('get', 'pods')).verdict === 'allow';
    assert.equal(may(), false);
    rules.add(kinds.clusterrolebindings, clusterRoleBinding('readers', 'reader', { kind: 'User', name: 'ann' }));
    assert.equal(may(), true);
    rules.add(kinds.clusterroles, clusterRole('reader'));
    assert.equal(may(), false);
    rules.add(kinds.clusterroles, clusterRole('reader', READ_PODS));
    rules.add(kinds.clusterrolebindings, clusterRoleBinding('readers', 'reader', { kind: 'User', name: 'bob' }));
    assert.equal(may(), false);
    rules.add(kinds.clusterrolebindings, clusterRoleBinding('readers', 'reader', { kind: 'User', name: 'ann' }));
    rules.of(kinds.clusterrolebindings).view.delete('readers');
    assert.equal(may(), false);
  });

  it('lets the first verdict count and gathers the reasons of those who have none', () => {
    const none = (reason: string) => ({ authorize: () => ({ verdict: 'none' as const, reason }) });
    const deny = { authorize: () => ({ verdict: 'deny' as const, reason: 'no' }) };
    const wanted = request('get', 'pods');
    assert.deepEqual(decide([none('a'), none(''), none('b')], ANN, wanted), { verdict: 'none', reason: 'a\nb' });
    assert.deepEqual(decide([none('a'), deny, none('b')], ANN, wanted), { verdict: 'deny', reason: 'no' });
  });
});

describe('rights that are given away', () => {
  it('are held exactly when each of them is allowed', () => {
    fc.assert(
      fc.property(anyPolicy, ({ roles: [held, wanted] }) => {
        if (!held || !wanted) return;
        const missing = new Set(missingRights(held.rules, wanted.rules).map((right) => JSON.stringify(right)));
        for (const rule of wanted.rules) {
          for (const right of rightsOf(rule)) {
            // Stars stand for more than any one request, so they can't be tried.
            if (JSON.stringify(right).includes('*')) continue;
            const attributes: Attributes =
              'url' in right
                ? { verb: right.verb, path: right.url, resource: undefined }
                : request(right.verb, right.resource, 'a', right.name ?? '', right.group);
            const given: Rules = new Rules()
              .add(kinds.clusterroles, clusterRole('held', ...held.rules))
              .add(kinds.clusterrolebindings, clusterRoleBinding('b', 'held', { kind: 'User', name: 'ann' }));
            const allowed: boolean = authorizerOf(given).authorize(ANN, attributes).verdict === 'allow';
            assert.equal(missing.has(JSON.stringify(right)), !allowed);
          }
        }
      }),
      { numRuns: 1000 },
    );
  });

  it('are named in short', () => {
    const wanted = [
      { verbs: ['get', 'list'], apiGroups: [''], resources: ['pods'] },
      { verbs: ['get'], apiGroups: ['apps'], resources: ['deployments'], resourceNames: ['web'] },
      { verbs: ['get'], nonResourceURLs: ['/metrics'] },
    ];
    assert.deepEqual(describeRights(missingRights([], wanted)), [
      '{APIGroups:[""], Resources:["pods"], Verbs:["get" "list"]}',
      '{APIGroups:["apps"], Resources:["deployments"], ResourceNames:["web"], Verbs:["get"]}',
      '{NonResourceURLs:["/metrics"], Verbs:["get"]}',
    ]);
  });
});
