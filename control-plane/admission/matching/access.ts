/** The variable `authorizer` of expressions: what the authorizers say of the user who asks, or of a service account. */
import type { Access, AccessDecision, AccessQuestion } from '../../../api/cel/library/authorizer.ts';
import { AuthorizerValue, ResourceCheckValue } from '../../../api/cel/library/authorizer.ts';
import { decide, type Authorizer } from '../../auth/authorizer.ts';
import type { Attributes } from '../../auth/attributes.ts';
import { accountGroups, accountUser, GROUPS, type User } from '../../user.ts';
import type { AdmissionRequest } from '../../registry/admission.ts';

const SELF: User = { name: 'system:apiserver', groups: [GROUPS.masters] };

class UserAccess implements Access {
  readonly #authorizers: readonly Authorizer[];
  readonly #user: User;

  constructor(authorizers: readonly Authorizer[], user: User) {
    this.#authorizers = authorizers;
    this.#user = user;
  }

  decide(question: AccessQuestion): AccessDecision {
    const { verdict, reason } = decide(this.#authorizers, this.#user, attributesOf(question));
    return { allowed: verdict === 'allow', reason };
  }

  serviceAccount(namespace: string, name: string): Access {
    const groups = [...accountGroups(namespace), GROUPS.authenticated];
    return new UserAccess(this.#authorizers, { name: accountUser(namespace, name), groups });
  }
}

function attributesOf({ verb, path, group, resource, subresource, namespace, name }: AccessQuestion): Attributes {
  if (path !== undefined) return { verb: verb.toLowerCase(), path, resource: undefined };
  return { verb, path: '', resource: { group, resource, subresource, namespace, name } };
}

/** `authorizer`, and `authorizer.requestResource`: the resource that the request is about. */
export function accessBindings(
  authorizers: readonly Authorizer[],
  request: AdmissionRequest,
): Readonly<Record<string, () => unknown>> {
  const { kind, subresource = '', namespace, name, user = SELF } = request;
  const access = new UserAccess(authorizers, user);
  const question = {
    group: kind.group,
    resource: kind.plural,
    subresource,
    namespace,
    name,
    fieldSelector: undefined,
    labelSelector: undefined,
  };
  return {
    authorizer: () => new AuthorizerValue(access),
    'authorizer.requestResource': () => new ResourceCheckValue(access, question),
  };
}
