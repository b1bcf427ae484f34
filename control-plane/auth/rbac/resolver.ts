/** Which rules a user has, by way of bindings and roles. Reads the caches through an index by subject. */
import { notFound } from '../../../api/errors.ts';
import { type Kind, kinds } from '../../../api/kinds.ts';
import { objectKey, type KubeObject } from '../../../api/object.ts';
import type { ClusterRoleBinding, PolicyRule, RoleBinding, RoleRef } from '../../../api/types/rbac.v1.ts';
import type { View } from '../../../lib/view.ts';
import type { User } from '../../user.ts';
import { keyOfSubject, keysOfUser, namespacedKey, SUBJECT_INDEX } from './subjects.ts';

/** The views of bindings have the index {@link SUBJECT_INDEX}. */
export interface RbacSources {
  of<T extends KubeObject>(kind: Kind<T>): { readonly view: View<T> };
}

type Binding = RoleBinding | ClusterRoleBinding;

/** Returns false to end the walk. */
export type RuleVisitor = (rule: PolicyRule, binding: Binding, key: string) => boolean;

export class RuleResolver {
  private readonly sources: RbacSources;

  constructor(sources: RbacSources) {
    this.sources = sources;
  }

  /**
   * Every rule that the user has in the namespace, '' for those of the whole cluster alone; one more than once, when more
   * than one of a user's groups have it. Returns what could not be resolved.
   */
  visit(user: User, namespace: string, visitor: RuleVisitor): readonly string[] {
    const errors: string[] = [];
    const keys = keysOfUser(user);
    const cluster = this.sources.of(kinds.clusterrolebindings).view;
    for (const key of keys) {
      for (const binding of cluster.byIndex(SUBJECT_INDEX, key)) {
        if (!this.visitBinding(binding, '', key, visitor, errors)) return errors;
      }
    }
    if (namespace === '') return errors;
    const own = this.sources.of(kinds.rolebindings).view;
    for (const key of keys) {
      for (const binding of own.byIndex(SUBJECT_INDEX, namespacedKey(namespace, key))) {
        if (!this.visitBinding(binding, namespace, key, visitor, errors)) return errors;
      }
    }
    return errors;
  }

  rulesFor(user: User, namespace: string): { rules: PolicyRule[]; errors: readonly string[] } {
    const rules = new Set<PolicyRule>();
    const errors = this.visit(user, namespace, (rule) => {
      rules.add(rule);
      return true;
    });
    return { rules: [...rules], errors: [...new Set(errors)] };
  }

  /** undefined when there is no such role. A reference to a Role is one into `namespace`. */
  rulesOf(reference: RoleRef, namespace: string): readonly PolicyRule[] | undefined {
    const role =
      reference.kind === 'Role'
        ? this.sources.of(kinds.roles).view.get(objectKey(namespace, reference.name))
        : this.sources.of(kinds.clusterroles).view.get(reference.name);
    return role && (role.rules ?? []);
  }

  private visitBinding(
    binding: Binding,
    namespace: string,
    key: string,
    visitor: RuleVisitor,
    errors: string[],
  ): boolean {
    const rules = this.rulesOf(binding.roleRef, namespace);
    if (!rules) errors.push(missingRole(binding.roleRef).message);
    return rules?.every((rule) => visitor(rule, binding, key)) ?? true;
  }
}

export function missingRole({ kind, name }: RoleRef): Error {
  return notFound(kind === 'Role' ? kinds.roles : kinds.clusterroles, name);
}

/** How a binding is named as the source of a right. `key` is that of the subject it was found by. */
export function describeBinding({ kind, metadata, roleRef, subjects }: Binding, key: string): string {
  const { name = '', namespace = '' } = metadata;
  const own = namespace === '' ? name : `${name}/${namespace}`;
  const subject = (subjects ?? []).find((each) => keyOfSubject(each, namespace) === key);
  const who = subject?.kind === 'ServiceAccount' ? `${subject.name}/${subject.namespace || namespace}` : subject?.name;
  const what = `${kind} ${JSON.stringify(own)} of ${roleRef.kind} ${JSON.stringify(roleRef.name)}`;
  return `${what} to ${subject?.kind} ${JSON.stringify(who)}`;
}
