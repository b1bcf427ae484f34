/** Roles and bindings in memory, made by hand or at random, and a judge that walks over all of them. */
import fc from 'fast-check';
import { type Kind, kinds } from '../../../api/kinds.ts';
import { keyOf, type KubeObject } from '../../../api/object.ts';
import type {
  ClusterRole,
  ClusterRoleBinding,
  PolicyRule,
  Role,
  RoleBinding,
  Subject,
} from '../../../api/types/rbac.v1.ts';
import type { Attributes } from '../../../control-plane/auth/attributes.ts';
import type { RbacSources } from '../../../control-plane/auth/rbac/resolver.ts';
import type { User } from '../../../control-plane/user.ts';
import { indexesOf } from '../../../control-plane/controllers/indexes.ts';
import { MapView } from '../../../lib/view.ts';

export class Rules implements RbacSources {
  private readonly views = new Map<Kind, MapView<KubeObject>>();

  of<T extends KubeObject>(kind: Kind<T>): { readonly view: MapView<T> } {
    const known = this.views.get(kind as Kind) ?? new MapView<KubeObject>(indexesOf(kind as Kind));
    this.views.set(kind as Kind, known);
    return { view: known as unknown as MapView<T> };
  }

  find(): undefined {
    return undefined;
  }

  add<T extends KubeObject>(kind: Kind<T>, object: T): this {
    this.of(kind).view.set(keyOf(object), { ...object, kind: kind.kind });
    return this;
  }
}

export function clusterRole(name: string, ...rules: PolicyRule[]): ClusterRole {
  return { metadata: { name }, rules };
}

export function role(namespace: string, name: string, ...rules: PolicyRule[]): Role {
  return { metadata: { namespace, name }, rules };
}

export function clusterRoleBinding(name: string, ofRole: string, ...subjects: Subject[]): ClusterRoleBinding {
  const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: ofRole };
  return { metadata: { name }, roleRef, subjects };
}

export function roleBinding(
  namespace: string,
  name: string,
  kind: 'Role' | 'ClusterRole',
  ofRole: string,
  ...subjects: Subject[]
): RoleBinding {
  return {
    metadata: { namespace, name },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind, name: ofRole },
    subjects,
  };
}

export function request(verb: string, what: string, namespace = '', name = '', group = ''): Attributes {
  const [resource = '', subresource = ''] = what.split('/');
  return { verb, path: '', resource: { group, namespace, resource, subresource, name } };
}

const few = (...values: string[]): fc.Arbitrary<string[]> =>
  fc.uniqueArray(fc.constantFrom(...values), { maxLength: 3 });
const NAMESPACES = ['a', 'b'];
const NAMES = ['one', 'two'];

const anyRule: fc.Arbitrary<PolicyRule> = fc.record(
  {
    verbs: few('get', 'list', '*'),
    apiGroups: few('', 'apps', '*'),
    resources: few('pods', 'pods/log', '*/log', 'pods/*', '*'),
    resourceNames: few('x', 'y'),
    nonResourceURLs: few('/metrics', '/api/*', '/a*', '*'),
  },
  { requiredKeys: ['verbs'] },
);

const anySubject: fc.Arbitrary<Subject> = fc.record(
  {
    kind: fc.constantFrom('User', 'Group', 'ServiceAccount'),
    name: fc.constantFrom('ann', 'devs', 'bot'),
    namespace: fc.constantFrom(...NAMESPACES),
  },
  { requiredKeys: ['kind', 'name'] },
);

export interface Policy {
  readonly clusterRoles: ClusterRole[];
  readonly roles: Role[];
  readonly clusterRoleBindings: ClusterRoleBinding[];
  readonly roleBindings: RoleBinding[];
}

const anyRules = fc.array(anyRule, { maxLength: 3 });
const anySubjects = fc.array(anySubject, { maxLength: 3 });
const namespace = fc.constantFrom(...NAMESPACES);
const name = fc.constantFrom(...NAMES);

export const anyPolicy: fc.Arbitrary<Policy> = fc.record({
  clusterRoles: fc.array(
    fc.tuple(name, anyRules).map(([own, rules]) => clusterRole(own, ...rules)),
    { maxLength: 2 },
  ),
  roles: fc.array(
    fc.tuple(namespace, name, anyRules).map(([in_, own, rules]) => role(in_, own, ...rules)),
    { maxLength: 4 },
  ),
  clusterRoleBindings: fc.array(
    fc.tuple(name, name, anySubjects).map(([own, of, subjects]) => clusterRoleBinding(own, of, ...subjects)),
    { maxLength: 2 },
  ),
  roleBindings: fc.array(
    fc
      .tuple(namespace, name, fc.constantFrom('Role' as const, 'ClusterRole' as const), name, anySubjects)
      .map(([in_, own, kind, of, subjects]) => roleBinding(in_, own, kind, of, ...subjects)),
    { maxLength: 4 },
  ),
});

export const anyUser: fc.Arbitrary<User> = fc.record({
  name: fc.constantFrom('ann', 'bot', 'system:serviceaccount:a:bot', 'system:serviceaccount:b:ann'),
  groups: few('devs', 'ann'),
});

export const anyRequest: fc.Arbitrary<Attributes> = fc.oneof(
  fc
    .tuple(
      fc.constantFrom('get', 'list', 'delete'),
      fc.constantFrom('pods', 'pods/log', 'nodes/log'),
      fc.constantFrom('', ...NAMESPACES),
      fc.constantFrom('', 'x', 'z'),
      fc.constantFrom('', 'apps', 'batch'),
    )
    .map((parts) => request(...parts)),
  fc
    .tuple(fc.constantFrom('get', 'post'), fc.constantFrom('/metrics', '/api', '/api/v1', '/apple', '/'))
    .map(([verb, path]) => ({ verb, path, resource: undefined })),
);

/** Later objects of a name replace earlier ones, as in a store. */
export function rulesOf(policy: Policy): Rules {
  const rules = new Rules();
  for (const each of policy.clusterRoles) rules.add(kinds.clusterroles, each);
  for (const each of policy.roles) rules.add(kinds.roles, each);
  for (const each of policy.clusterRoleBindings) rules.add(kinds.clusterrolebindings, each);
  for (const each of policy.roleBindings) rules.add(kinds.rolebindings, each);
  return rules;
}

/** The whole policy, as the documentation of RBAC says it, without any index. */
export function naivelyAllows(sources: Rules, user: User, wanted: Attributes): boolean {
  const scope = wanted.resource?.namespace ?? '';
  const all = <T extends KubeObject>(kind: Kind<T>): T[] => [...sources.of(kind).view.list()];
  const bindings = [
    ...all(kinds.clusterrolebindings),
    ...all(kinds.rolebindings).filter(({ metadata }) => scope !== '' && metadata.namespace === scope),
  ];
  return bindings
    .filter(({ subjects, metadata }) => subjects?.some((subject) => isUser(subject, metadata.namespace, user)))
    .flatMap(({ roleRef }) => {
      const roles =
        roleRef.kind === 'Role'
          ? all(kinds.roles).filter(({ metadata }) => metadata.namespace === scope)
          : all(kinds.clusterroles);
      return (roles as ClusterRole[])
        .filter(({ metadata }) => metadata.name === roleRef.name)
        .flatMap(({ rules }) => rules);
    })
    .some((rule) => isAbout(rule, wanted));
}

function isUser({ kind, name: wanted, namespace: of }: Subject, own: string | undefined, user: User): boolean {
  if (kind === 'User') return user.name === wanted;
  if (kind === 'Group') return user.groups.some((group) => group === wanted);
  const where = of || own;
  return Boolean(where) && user.name === `system:serviceaccount:${where}:${wanted}`;
}

function isAbout(rule: PolicyRule, { verb, path, resource }: Attributes): boolean {
  const { verbs, apiGroups = [], resources = [], resourceNames = [], nonResourceURLs = [] } = rule;
  if (!verbs.some((each) => each === verb || each === '*')) return false;
  if (!resource) {
    return nonResourceURLs.some((url) => new RegExp(`^${url.replace(/\*$/, '.*')}$`).test(path));
  }
  const full = [resource.resource, resource.subresource].filter(Boolean).join('/');
  const forms = ['*', full, ...(resource.subresource ? [`*/${resource.subresource}`] : [])];
  return (
    apiGroups.some((group) => group === '*' || group === resource.group) &&
    resources.some((each) => forms.includes(each)) &&
    (resourceNames.length === 0 || resourceNames.includes(resource.name))
  );
}
