/** Nobody gives a right away, by a role or by a binding, that he does not have; unless he may `escalate` or `bind`. */
import { forbidden, invalid, type StatusError } from '../../api/errors.ts';
import { kinds, type Kind } from '../../api/kinds.ts';
import { RBAC_GROUP } from '../../api/kinds/rbac.ts';
import { sameJson } from '../../api/machinery/json.ts';
import type { KubeObject } from '../../api/object.ts';
import type { ClusterRole, PolicyRule, RoleBinding, RoleRef } from '../../api/types/rbac.v1.ts';
import { decide, type Authorizer } from '../auth/authorizer.ts';
import {
  countRights,
  describeRights,
  MAX_RIGHTS,
  missingRights,
  quotedList,
  type Right,
} from '../../api/machinery/rights.ts';
import { missingRole, type RuleResolver } from '../auth/rbac/resolver.ts';
import { GROUPS } from '../user.ts';
import type { AdmissionPlugin, AdmissionRequest, User } from '../registry/admission.ts';

export interface EscalationOptions {
  readonly authorizers: readonly Authorizer[];
  readonly resolver: RuleResolver;
  /** Resolves once the caches of roles and bindings hold all that is stored: a role may be a moment old. */
  readonly whenFresh: () => Promise<void>;
}

const MAX_LINES = 100;
const ROLES: ReadonlySet<string> = new Set([kinds.roles.plural, kinds.clusterroles.plural]);
const EVERYTHING: readonly PolicyRule[] = [
  { verbs: ['*'], apiGroups: ['*'], resources: ['*'] },
  { verbs: ['*'], nonResourceURLs: ['*'] },
];

export class EscalationCheck implements AdmissionPlugin {
  readonly name = 'RBACEscalationCheck';
  private readonly options: EscalationOptions;

  constructor(options: EscalationOptions) {
    this.options = options;
  }

  /** Parts of the control plane are nobody, and write what they write for somebody who was checked. */
  handles({ kind, operation, user, subresource }: AdmissionRequest): boolean {
    if (kind.group !== RBAC_GROUP || operation === 'DELETE' || subresource !== undefined) return false;
    return user !== undefined && !user.groups.includes(GROUPS.masters);
  }

  async validate(request: AdmissionRequest): Promise<void> {
    const { kind, object, previous, user } = request;
    if (!object || !user || (previous && changesOnlyOwnership(object, previous))) return;
    await this.options.whenFresh();
    if (ROLES.has(kind.plural)) this.checkRole(request, user, object as ClusterRole);
    else this.checkBinding(request, user, object as RoleBinding);
  }

  private checkRole(request: AdmissionRequest, user: User, role: ClusterRole): void {
    const { kind, namespace, operation, name, previous } = request;
    // As it stands in the path, so that of one that is made the name is not known.
    const named = operation === 'UPDATE' ? name : '';
    if (this.may(user, 'escalate', kind, namespace, named)) return;
    this.checkRules(request, user, role.rules ?? []);
    if (!gathers(role) && !gathers(previous as ClusterRole | undefined)) return;
    const { rules } = this.options.resolver.rulesFor(user, namespace);
    if (missingRights(rules, EVERYTHING).length === 0) return;
    throw forbidden(kind, name, 'must have cluster-admin privileges to use the aggregationRule');
  }

  private checkBinding(request: AdmissionRequest, user: User, { roleRef }: RoleBinding): void {
    const { namespace } = request;
    const kind = roleRef.kind === 'Role' ? kinds.roles : kinds.clusterroles;
    if (this.may(user, 'bind', kind as Kind, namespace, roleRef.name)) return;
    this.checkRules(request, user, this.rulesOf(roleRef, namespace));
  }

  private rulesOf(reference: RoleRef, namespace: string): readonly PolicyRule[] {
    const rules = this.options.resolver.rulesOf(reference, namespace);
    if (!rules) throw missingRole(reference);
    return rules;
  }

  private checkRules({ kind, name, namespace }: AdmissionRequest, user: User, rules: readonly PolicyRule[]): void {
    if (countRights(rules) > MAX_RIGHTS) throw tooManyRights(kind, name, rules);
    const held = this.options.resolver.rulesFor(user, namespace);
    const missing = missingRights(held.rules, rules);
    if (missing.length === 0) return;
    const who = `user ${JSON.stringify(user.name)} (groups=${quotedList(user.groups)})`;
    const what = `is attempting to grant RBAC permissions not currently held:\n${linesOf(missing).join('\n')}`;
    const errors = held.errors.length > 0 ? `; resolution errors: [${held.errors.join(' ')}]` : '';
    throw forbidden(kind, name, `${who} ${what}${errors}`);
  }

  private may(user: User, verb: string, kind: Kind, namespace: string, name: string): boolean {
    const resource = { group: RBAC_GROUP, namespace, resource: kind.plural, subresource: '', name };
    return decide(this.options.authorizers, user, { verb, path: '', resource }).verdict === 'allow';
  }
}

/** Who reads them has understood long before the last of 20,000. */
function linesOf(missing: readonly Right[]): string[] {
  const lines = describeRights(missing);
  if (lines.length <= MAX_LINES) return lines;
  return [...lines.slice(0, MAX_LINES), `and ${lines.length - MAX_LINES} more`];
}

function gathers(role: ClusterRole | undefined): boolean {
  return (role?.aggregationRule?.clusterRoleSelectors?.length ?? 0) > 0;
}

/** The garbage collector's part of an object, which gives nobody a right. */
function changesOnlyOwnership(next: KubeObject, previous: KubeObject): boolean {
  return sameJson(withoutOwnership(next), withoutOwnership(previous));
}

function withoutOwnership({ metadata, ...rest }: KubeObject): unknown {
  const {
    ownerReferences: _owners,
    finalizers: _finalizers,
    resourceVersion: _v,
    managedFields: _f,
    ...own
  } = metadata;
  return { ...rest, metadata: own };
}

function tooManyRights(kind: Kind, name: string, rules: readonly PolicyRule[]): StatusError {
  const detail = `Too many: ${countRights(rules)}: rules that are checked must come to at most ${MAX_RIGHTS} permissions`;
  return invalid(kind, name, [{ type: 'FieldValueTooMany', field: 'rules', message: detail }]);
}
