/**
 * One decision of the authorizers about a service account's request, with 10, 1,000 and 10,000 bindings in the cluster, most
 * of them of others; and about a node's request for a secret of one of its pods, with 10,000 pods. Microseconds a decision.
 * One line of JSON.
 */
import { kinds } from '../../api/kinds.ts';
import type { Pod } from '../../api/types/core.v1.ts';
import { attributesOf } from '../../control-plane/auth/attributes.ts';
import { decide } from '../../control-plane/auth/authorizer.ts';
import { authorizersOf } from '../../control-plane/auth/authorizers.ts';
import { DEFAULT_CLUSTER_ROLE_BINDINGS, DEFAULT_CLUSTER_ROLES } from '../../control-plane/auth/rbac/defaults/policy.ts';
import type { User } from '../../control-plane/user.ts';
import { parseRequest } from '../../control-plane/http/request-info.ts';
import { clusterRole, roleBinding, Rules } from '../unit/auth/rules.ts';
import { rounded } from './measure.ts';

const DECISIONS = 200_000;
const PODS = 10_000;
const NODES = 100;

const ROBOT: User = {
  name: 'system:serviceaccount:a:robot',
  groups: ['system:serviceaccounts', 'system:serviceaccounts:a', 'system:authenticated'],
};

function withBindings(count: number): Rules {
  const rules = new Rules();
  for (const role of DEFAULT_CLUSTER_ROLES) rules.add(kinds.clusterroles, role);
  for (const binding of DEFAULT_CLUSTER_ROLE_BINDINGS) rules.add(kinds.clusterrolebindings, binding);
  rules.add(kinds.clusterroles, clusterRole('reader', { verbs: ['get'], apiGroups: [''], resources: ['pods'] }));
  for (let index = 0; index < count; index += 1) {
    const subject = { kind: 'ServiceAccount', name: index === 0 ? 'robot' : `other-${index}` };
    rules.add(kinds.rolebindings, roleBinding('a', `b${index}`, 'ClusterRole', 'reader', subject));
  }
  return rules;
}

function withPods(): Rules {
  const rules = new Rules();
  for (let index = 0; index < PODS; index += 1) {
    const volumes = [{ name: 's', secret: { secretName: `s${index}` } }];
    const spec = { nodeName: `n${index % NODES}`, containers: [], volumes };
    rules.add(kinds.pods, { metadata: { name: `p${index}`, namespace: 'a' }, spec } as unknown as Pod);
  }
  return rules;
}

function microseconds(rules: Rules, user: User, path: string, wanted: 'allow' | 'none'): number {
  const authorizers = authorizersOf(rules);
  const info = parseRequest('GET', path);
  const run = (count: number): void => {
    for (let index = 0; index < count; index += 1) {
      if (decide(authorizers, user, attributesOf(info)).verdict !== wanted) throw new Error(`not ${wanted}: ${path}`);
    }
  };
  run(DECISIONS / 10);
  const begun = performance.now();
  run(DECISIONS);
  return rounded(((performance.now() - begun) * 1000) / DECISIONS);
}

const admin: User = { name: 'admin', groups: ['system:masters', 'system:authenticated'] };
const node: User = { name: 'system:node:n1', groups: ['system:nodes', 'system:authenticated'] };
const POD = '/api/v1/namespaces/a/pods/p1';

console.log(
  JSON.stringify({
    microseconds: {
      administrator: microseconds(withBindings(10), admin, POD, 'allow'),
      allowed: Object.fromEntries(
        [10, 1000, 10_000].map((count) => [count, microseconds(withBindings(count), ROBOT, POD, 'allow')]),
      ),
      refused: microseconds(withBindings(1000), ROBOT, '/api/v1/namespaces/a/secrets', 'none'),
      node: microseconds(withPods(), node, '/api/v1/namespaces/a/secrets/s1', 'allow'),
    },
  }),
);
